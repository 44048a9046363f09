#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "hsm/attester.h"
#include "hsm/counted_key.h"
#include "hsm/derivation_key.h"
#include "hsm/evaluation_key.h"
#include "hsm/freshness_anchor.h"
#include "hsm/random.h"

namespace labrec::hsm {

// What a device says of itself. Public; printable.
struct DeviceDescription {
  std::string kind;          // "tpm2" or "pkcs11"
  std::string manufacturer;  // TPM_PT_MANUFACTURER as text, or CK_TOKEN_INFO.manufacturerID
  std::string model;         // vendor string, or module and token label
  std::string firmware;      // firmware version
  std::string warning;  // e.g. "a simulator: protects nothing", "a virtual TPM: its hypervisor can read it"
  bool is_simulator = false;
  // Where there is no attester(): what the device says of itself and its keys. Nothing proves it.
  std::vector<std::string> claims;
  std::string no_counted_keys;  // why counted_keys() is null, and what to do; empty where it is not
};

// An opened security device with the realm's keys in it. A capability that it was not provisioned with, or
// does not have, is null.
//
// It reconnects by itself. While the device is away calls return UNAVAILABLE at once. Now and then (with
// back-off) one of them tries to open it again, and to verify that it still is the device that was
// provisioned.
class Device {
 public:
  virtual ~Device() = default;
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual EvaluationKey* evaluation_key() = 0;
  virtual DerivationKey* derivation_key() = 0;
  virtual FreshnessAnchor* freshness_anchor() = 0;
  virtual Random* random() = 0;
  virtual Attester* attester() = 0;
  // Null where the device cannot count uses by itself; DeviceDescription::no_counted_keys says why.
  virtual CountedKeys* counted_keys() = 0;

  virtual const DeviceDescription& description() const = 0;
  // How many threads may call capabilities at a time (at least 1). Calls of the anchor do not count, except
  // where it is 1: there one thread owns the device.
  virtual int parallelism() const = 0;
};

}  // namespace labrec::hsm
