#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/device_setup.h"
#include "hsm/tpm2/link/index.h"

// A TPM 2.0 as a Device. The functions are those of hsm/open_device.h, for addresses that begin with "tpm2:".
namespace labrec::hsm::tpm2 {

// The device promises parallelism() == 1: its calls are serialised by a lock, anchor calls included.
// docs/devices.md, section "TPM 2.0", says what is made on the TPM, and what the chip must offer.
absl::Status CheckAddress(const DeviceAddress& address);
absl::StatusOr<ProbeReport> Probe(const DeviceAddress& address, const DeviceRoles& roles,
                                  IndexRange range = {});

absl::StatusOr<DeviceState> Provision(const DeviceAddress& address, const ProvisionOptions& options,
                                      IndexRange range = {});

absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceAddress& address, const DeviceState& state,
                                             const SecretBytes& authorization,
                                             const std::filesystem::path& pcr_approvals = {});

absl::StatusOr<std::optional<PcrBinding>> PcrBindingOf(const DeviceState& state);

absl::StatusOr<std::vector<Bytes>> ReadPcrsOf(const DeviceAddress& address, const PcrSelection& pcrs);

// Keys live as wrapped blobs in the state, not on the chip: their end is the erasure of every copy of the
// state (or TPM2_Clear). What this removes are the NV indices, those of counted keys included, and a storage
// key that Provision made persistent.
// OK too if they are gone already.
absl::Status Deprovision(const DeviceAddress& address, const DeviceState& state,
                         const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::tpm2
