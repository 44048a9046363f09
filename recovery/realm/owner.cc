#include "recovery/realm/owner.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace labrec::recovery {
namespace {

absl::Status SystemError(const std::filesystem::path& folder, const char* what) {
  return absl::UnavailableError(absl::StrCat(folder.string(), ": ", what, ": ", std::strerror(errno)));
}

// The groups that the user is in, as the service's process has them (initgroups(3)).
bool TakeGroups(const passwd* user, gid_t group) {
  return user != nullptr ? initgroups(user->pw_name, user->pw_gid) == 0 : setgroups(1, &group) == 0;
}

}  // namespace

absl::Status WorkAsOwnerOf(const std::filesystem::path& folder) {
  if (geteuid() != 0) return absl::OkStatus();
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? absl::OkStatus() : SystemError(folder, "cannot be opened");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat found {};
  if (fstat(fd, &found) != 0) return SystemError(folder, "cannot be looked at");
  if (found.st_uid == 0) return absl::OkStatus();
  const passwd* const user = getpwuid(found.st_uid);
  const gid_t group = user != nullptr ? user->pw_gid : found.st_gid;
  if (TakeGroups(user, found.st_gid) && setresgid(group, group, group) == 0 &&
      setresuid(found.st_uid, found.st_uid, found.st_uid) == 0) {
    return absl::OkStatus();
  }
  return SystemError(folder, "cannot go on as its owner");
}

absl::Status CheckNotRootInFolderOf(const std::filesystem::path& folder) {
  struct stat found {};
  if (geteuid() != 0 || stat(folder.c_str(), &found) != 0 || found.st_uid == 0) return absl::OkStatus();
  const passwd* const user = getpwuid(found.st_uid);
  const std::string name = user != nullptr ? user->pw_name : absl::StrCat("uid ", found.st_uid);
  return absl::FailedPreconditionError(
      absl::StrCat(folder.string(), ": belongs to ", name,
                   ", and root would leave files there that it cannot open; start the daemon as ", name,
                   " (systemctl start labyrinth-recoveryd does)"));
}

}  // namespace labrec::recovery
