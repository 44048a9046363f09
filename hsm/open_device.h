#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/device.h"

namespace labrec::hsm {

// Which device: "tpm2:<tcti configuration>" (as "tpm2:swtpm:path=/run/tpm.sock", "tpm2:device:/dev/tpm0") or
// an RFC 7512 URI
// ("pkcs11:token=realm?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin"). pin-value is
// refused: it would stand in process lists.
struct DeviceAddress {
  std::string uri;
};

// What a device is wanted for.
struct DeviceRoles {
  bool keys = true;    // evaluation key and derivation key
  bool anchor = true;  // freshness anchor
};

// One thing that was looked at on a device before anything is made on it.
struct ProbeFinding {
  std::string what;  // "ECDH on P-256", "NV counter"
  bool present = false;
  std::string remedy;  // what to do where it is missing
};

struct ProbeReport {
  DeviceDescription description;
  std::vector<ProbeFinding> findings;
  bool Suffices() const;
};

// What must be kept to find a device's keys again: public names, wrapped blobs, pinned public keys. Not
// secret; a copy of it elsewhere is useless without the device. JSON text.
struct DeviceState {
  std::string json;
};

struct ProvisionOptions {
  DeviceRoles roles;
  Bytes realm_id;             // 16 bytes; labels what is made on the device
  SecretBytes authorization;  // 32 bytes; guards the TPM objects. Not used by PKCS#11, which has a user PIN
  SecretBytes owner_authorization;  // TPM owner hierarchy; usually empty
};

// Looks and makes nothing that stays. INVALID_ARGUMENT: the address makes no sense; UNAVAILABLE: no device
// there; a device that lacks something is an OK report that does not Suffice().
absl::StatusOr<ProbeReport> ProbeDevice(const DeviceAddress& address, const DeviceRoles& roles);

// Makes the keys and counter on the device. All or nothing: what was made is removed again on failure.
absl::StatusOr<DeviceState> ProvisionDevice(const DeviceAddress& address, const ProvisionOptions& options);

// Opens what ProvisionDevice made, and verifies that the device holds those very keys. UNAVAILABLE: no
// device; FAILED_PRECONDITION: another device, or the keys are gone; PERMISSION_DENIED: authorisation
// refused.
absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceAddress& address, const DeviceState& state,
                                                   const SecretBytes& authorization);

// Removes everything ProvisionDevice made. For ever: the realm's records cannot be opened afterwards.
absl::Status DeprovisionDevice(const DeviceAddress& address, const DeviceState& state,
                               const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm
