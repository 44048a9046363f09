#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "tools/admin/dev/dev_world.h"

namespace labrec::admin {

// A security device that is a program. It protects nothing.
struct Simulator {
  std::string uri;               // as "realm init --device" takes it
  std::optional<Child> process;  // swtpm; a token of SoftHSM2 is files
};

// A new TPM with its state below `folder`. It answers at once: its sockets listen before it is started. Where
// the world wants certificates, its endorsement key has one of the vendor that MakeVendor made.
absl::StatusOr<Simulator> StartSwtpm(const DevWorld& world, const std::filesystem::path& folder);

// A new token; users of it need SOFTHSM2_CONF (SoftHsmConfiguration).
absl::StatusOr<Simulator> MakeSoftHsmToken(const DevWorld& world, const std::filesystem::path& folder);
std::filesystem::path SoftHsmConfiguration(const std::filesystem::path& folder);

// A certificate authority as a TPM vendor has one: "vendor/roots" and "vendor/chain" of the world's folder
// are filled by the first TPM that it certifies.
absl::Status MakeVendor(const DevWorld& world);

}  // namespace labrec::admin
