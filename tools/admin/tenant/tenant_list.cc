#include "tools/admin/tenant/tenant_list.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tools/admin/admin_client.h"
#include "tools/recoveryd/config.h"
#include "tools/recoveryd/tenants_file.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;
using recovery::TenantSettings;

// Held while one process changes the list; on the configuration itself, so that no file is left.
class Lock {
 public:
  static absl::StatusOr<Lock> Take(const fs::path& config) {
    Lock lock(open(config.c_str(), O_RDONLY | O_CLOEXEC));
    if (lock.fd_ >= 0 && flock(lock.fd_, LOCK_EX) == 0) return lock;
    return absl::UnavailableError(
        absl::StrCat(config.string(), ": cannot be locked: ", std::strerror(errno)));
  }
  Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit Lock(int fd) : fd_(fd) {}
  int fd_;
};

// The file as it is, to be put back: what is written, or that there is none.
class Former {
 public:
  explicit Former(const fs::path& file) : file_(file), text_(ReadFile(file)) {}
  void PutBack() const {
    if (text_.ok()) {
      WriteFile(file_, *text_, 0644, Overwrite::kReplace).IgnoreError();
    } else {
      std::error_code ignored;
      fs::remove(file_, ignored);
    }
  }

 private:
  const fs::path file_;
  const absl::StatusOr<Bytes> text_;
};

// A standby has no tenants: it reads them when it takes the realm over.
bool Serves(const fs::path& socket) {
  const absl::Status asked = AdminClient(socket).ListTenants().status();
  return !absl::IsUnavailable(asked) && !absl::IsUnimplemented(asked);
}

std::set<std::string> KeptNames(const std::vector<TenantSettings>& kept) {
  std::set<std::string> names;
  for (const TenantSettings& each : kept) names.insert(each.keys.name);
  return names;
}

std::set<std::string> KeptNames(const v1::ListTenantsResponse& answer) {
  std::set<std::string> names;
  for (const v1::TenantState& each : answer.tenants()) {
    if (each.kept_by_tool()) names.insert(each.name());
  }
  return names;
}

absl::StatusOr<v1::ListTenantsResponse> LetDaemonTake(const fs::path& socket,
                                                      const std::vector<TenantSettings>& kept) {
  LABREC_ASSIGN_OR_RETURN(auto answer, AdminClient(socket).ReloadTenants());
  if (KeptNames(answer) == KeptNames(kept)) return answer;
  return absl::FailedPreconditionError(
      absl::StrCat(socket.string(),
                   ": the daemon there works by another configuration; give --config the file that it has"));
}

}  // namespace

absl::StatusOr<TenantsTaken> ChangeTenantList(const fs::path& config_file, const ChangeTenants& change) {
  LABREC_ASSIGN_OR_RETURN(const Lock lock, Lock::Take(config_file));
  LABREC_ASSIGN_OR_RETURN(const recoveryd::Config config, recoveryd::ReadConfig(config_file));
  std::vector<TenantSettings> kept;
  std::vector<TenantSettings> configured;
  for (const TenantSettings& each : config.tenants) (each.is_tools ? kept : configured).push_back(each);
  LABREC_RETURN_IF_ERROR(change(kept, configured));
  const std::string text = recoveryd::TenantsText(kept);
  const Former former(config.tenants_file);
  LABREC_RETURN_IF_ERROR(WriteFile(config.tenants_file, AsBytes(text), 0644, Overwrite::kReplace));
  TenantsTaken taken;
  taken.by_daemon = Serves(config.admin_socket);
  if (!taken.by_daemon) return taken;
  absl::StatusOr<v1::ListTenantsResponse> now = LetDaemonTake(config.admin_socket, kept);
  if (!now.ok()) {
    former.PutBack();
    return now.status();
  }
  taken.now = *std::move(now);
  return taken;
}

}  // namespace labrec::admin
