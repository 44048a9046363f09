#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/pcr_selection.h"
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

// Keys that a TPM uses only while its PCRs hold values that this key signed
// (hsm/pcr/pcr_approval.h).
struct PcrBinding {
  PcrSelection pcrs;
  EcdsaPublicKey approver;
};

struct ProvisionOptions {
  DeviceRoles roles;
  Bytes realm_id;             // 16 bytes; labels what is made on the device
  SecretBytes authorization;  // 32 bytes; guards the TPM objects. Not used by PKCS#11, which has a user PIN
  SecretBytes owner_authorization;        // TPM owner hierarchy; usually empty
  std::optional<PcrBinding> pcr_binding;  // TPM, with the role `keys`
  std::filesystem::path pcr_approvals;    // where approvals are; one for the present values is needed
};

// Looks and makes nothing that stays. INVALID_ARGUMENT: the address makes no sense; UNAVAILABLE: no device
// there; a device that lacks something is an OK report that does not Suffice().
absl::StatusOr<ProbeReport> ProbeDevice(const DeviceAddress& address, const DeviceRoles& roles);

// Makes the keys and counter on the device. All or nothing: what was made is removed again on failure.
absl::StatusOr<DeviceState> ProvisionDevice(const DeviceAddress& address, const ProvisionOptions& options);

// Opens what ProvisionDevice made, and verifies that the device holds those very keys. UNAVAILABLE: no
// device; FAILED_PRECONDITION: another device, or the keys are gone; PERMISSION_DENIED: authorisation
// refused. Keys that are bound to PCRs need an approval of what these hold now, in the folder
// `pcr_approvals`: FAILED_PRECONDITION, saying what to do, if there is none. It is read again whenever the
// keys are loaded again, as after a change of PCRs: as long as there is none then, calls are UNAVAILABLE.
absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceAddress& address, const DeviceState& state,
                                                   const SecretBytes& authorization,
                                                   const std::filesystem::path& pcr_approvals = {});

// What the keys of this state are bound to; nullopt if they are not. INVALID_ARGUMENT if it is no state of
// such a device.
absl::StatusOr<std::optional<PcrBinding>> PcrBindingOf(const DeviceAddress& address,
                                                       const DeviceState& state);

// What a TPM's PCRs hold now, in the selection's order. FAILED_PRECONDITION for a device without PCRs;
// INVALID_ARGUMENT if the TPM lacks one of them; UNAVAILABLE: no device.
absl::StatusOr<std::vector<Bytes>> ReadPcrs(const DeviceAddress& address, const PcrSelection& pcrs);

// Removes everything ProvisionDevice made. For ever: the realm's records cannot be opened afterwards.
absl::Status DeprovisionDevice(const DeviceAddress& address, const DeviceState& state,
                               const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm
