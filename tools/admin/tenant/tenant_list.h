#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/api/v1/admin.pb.h"
#include "recovery/server/service/tenants.h"

namespace labrec::admin {

// What became of a change.
struct TenantsTaken {
  bool by_daemon = false;                            // else it is taken at the daemon's next start
  labyrinth::recovery::v1::ListTenantsResponse now;  // of the daemon
};

// Changes the tenants that the tool keeps for this configuration, one process at a time: the file is written
// whole, and a daemon that runs takes it at once. Where the daemon refuses, the file is what it was before,
// and the error is the daemon's. INVALID_ARGUMENT: the configuration; FAILED_PRECONDITION: the daemon on that
// socket works by another one; errors of `change`, which sees only what the tool keeps, besides the whole.
using ChangeTenants = std::function<absl::Status(std::vector<recovery::TenantSettings>& kept,
                                                 const std::vector<recovery::TenantSettings>& configured)>;
absl::StatusOr<TenantsTaken> ChangeTenantList(const std::filesystem::path& config,
                                              const ChangeTenants& change);

}  // namespace labrec::admin
