#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "hsm/attester.h"
#include "hsm/counted_key.h"
#include "hsm/derivation_key.h"
#include "hsm/description.h"
#include "hsm/evaluation_key.h"
#include "hsm/freshness_anchor.h"
#include "hsm/period_keys.h"
#include "hsm/random.h"

namespace labrec::hsm {

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

  // With the anchor: what storage holds lives as long as these keys do.
  virtual PeriodKeys* period_keys() = 0;

  virtual const DeviceDescription& description() const = 0;
  // How many threads may call capabilities at a time (at least 1). Calls of the anchor do not count, except
  // where it is 1: there one thread owns the device.
  virtual int parallelism() const = 0;
};

}  // namespace labrec::hsm
