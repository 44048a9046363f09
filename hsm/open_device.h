#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/pcr_selection.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/device.h"
#include "hsm/device_setup.h"

// The one place that knows all kinds of devices. It goes by the beginning of the address: "tpm2:" or
// "pkcs11:".
namespace labrec::hsm {

// INVALID_ARGUMENT if the address makes no sense; no device is asked.
absl::Status CheckAddress(const DeviceAddress& address);

// Looks and makes nothing that stays. INVALID_ARGUMENT: the address makes no sense; UNAVAILABLE: no device
// there; a device that lacks something is an OK report that does not Suffice().
absl::StatusOr<ProbeReport> ProbeDevice(const DeviceAddress& address, const DeviceRoles& roles);

// Makes the keys and counter on the device. All or nothing: what was made is removed again on failure.
absl::StatusOr<DeviceState> ProvisionDevice(const DeviceAddress& address, const ProvisionOptions& options);

// Opens what ProvisionDevice made, and verifies that the device holds those very keys. UNAVAILABLE: no
// device; FAILED_PRECONDITION: another device, or the keys are gone; PERMISSION_DENIED: authorisation
// refused.
// Keys that are bound to PCRs need an approval of what these hold now, in the folder `pcr_approvals`.
// FAILED_PRECONDITION, saying what to do, if there is none. The folder is read again whenever the keys are
// loaded again, as after a change of PCRs; while no approval fits, calls are UNAVAILABLE.
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

// Removes everything ProvisionDevice made, for ever: the realm's records cannot be opened afterwards.
absl::Status DeprovisionDevice(const DeviceAddress& address, const DeviceState& state,
                               const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm
