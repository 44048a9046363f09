#include "tools/admin/realm/realm_place.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/owner.h"

namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

// What mkfs leaves at the top of a file system.
constexpr char kLostAndFound[] = "lost+found";

absl::Status Failed(const fs::path& path, const char* what, int error) {
  return absl::UnavailableError(absl::StrCat(path.string(), ": ", what, ": ", std::strerror(error)));
}

absl::Status InUse(const fs::path& path) {
  return absl::AlreadyExistsError(
      absl::StrCat(path.string(), ": is in use; choose a folder that is empty or not there yet"));
}

absl::Status SyncFolder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  return synced ? absl::OkStatus() : Failed(folder, "fsync", error);
}

// OK if nothing is there but what another attempt may find: the lock that it takes first.
absl::Status CheckEmpty(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path name = entry->path().filename();
    if (name != kLostAndFound && name != recovery::RealmFolder(folder).LockPath().filename()) {
      return InUse(folder);
    }
  }
  return error ? Failed(folder, "cannot be listed", error.value()) : absl::OkStatus();
}

fs::path HiddenBeside(const fs::path& target) {
  return target.parent_path() /
         absl::StrCat(target.filename().string(), ".init-", Hex(SecretBytes::Random(4).view()));
}

// Puts an empty folder of ours in the place of one that belongs to somebody else.
absl::Status ReplaceEmpty(const fs::path& folder) {
  const fs::path own = HiddenBeside(folder);
  if (mkdir(own.c_str(), 0700) != 0) return Failed(own, "mkdir", errno);
  if (std::rename(own.c_str(), folder.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  rmdir(own.c_str());
  return Failed(folder, "belongs to another user, and cannot be replaced", error);
}

}  // namespace

absl::StatusOr<RealmPlace> RealmPlace::Take(const fs::path& state) {
  std::error_code error;
  fs::path named = fs::absolute(state, error);
  if (error || state.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--state: \"", state.string(), "\" leads nowhere from the working folder"));
  }
  if (!named.has_filename()) named = named.parent_path();
  const fs::file_status found = fs::symlink_status(named, error);
  if (found.type() != fs::file_type::not_found && error)
    return Failed(named, "cannot be looked at", error.value());
  if (!fs::exists(found)) {
    const fs::path parent = fs::canonical(named.parent_path(), error);
    if (error) return Failed(named.parent_path(), "a realm cannot be made there", error.value());
    return TakeBeside(parent / named.filename());
  }
  const fs::path folder = fs::canonical(named, error);
  if (error) return Failed(named, "is a link that leads to no folder", error.value());
  if (!fs::is_directory(folder, error)) return InUse(named);
  return TakeInside(folder);
}

absl::StatusOr<RealmPlace> RealmPlace::TakeBeside(const fs::path& target) {
  LABREC_RETURN_IF_ERROR(recovery::WorkAsOwnerOf(target.parent_path()));
  RealmPlace place(HiddenBeside(target), target);
  if (mkdir(place.folder_.c_str(), 0700) != 0) return Failed(place.folder_, "mkdir", errno);
  return place;
}

absl::StatusOr<RealmPlace> RealmPlace::TakeInside(const fs::path& folder) {
  LABREC_RETURN_IF_ERROR(CheckEmpty(folder));
  struct stat found {};
  if (stat(folder.c_str(), &found) != 0) return Failed(folder, "cannot be looked at", errno);
  LABREC_RETURN_IF_ERROR(recovery::WorkAsOwnerOf(found.st_uid == 0 ? folder.parent_path() : folder));
  if (found.st_uid != geteuid()) LABREC_RETURN_IF_ERROR(ReplaceEmpty(folder));
  RealmPlace place(folder, folder);
  LABREC_RETURN_IF_ERROR(place.MakePrivate());
  LABREC_ASSIGN_OR_RETURN(place.lock_, recovery::RealmLock::Take(recovery::RealmFolder(folder)));
  LABREC_RETURN_IF_ERROR(CheckEmpty(folder));  // once more: nobody else makes a realm here now
  return place;
}

absl::Status RealmPlace::MakePrivate() {
  if (chmod(folder_.c_str(), 0700) != 0) return Failed(folder_, "chmod 0700", errno);
  struct stat found {};
  if (stat(folder_.c_str(), &found) != 0) return Failed(folder_, "cannot be looked at", errno);
  if ((found.st_mode & 077) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder_.string(), ": others can enter it, and its file system keeps no modes; choose another one"));
}

absl::Status RealmPlace::Settle() {
  LABREC_RETURN_IF_ERROR(SyncFolder(folder_));
  if (folder_ == target_) return absl::OkStatus();
  if (std::rename(folder_.c_str(), target_.c_str()) != 0) return Failed(target_, "rename", errno);
  folder_ = target_;
  return SyncFolder(target_.parent_path());
}

absl::Status RealmPlace::Abandon() {
  std::error_code error;
  if (folder_ != target_) {
    fs::remove_all(folder_, error);
    return error ? Failed(folder_, "cannot be removed", error.value()) : absl::OkStatus();
  }
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename() == kLostAndFound) continue;
    std::error_code failed;
    fs::remove_all(entry->path(), failed);
    if (failed) return Failed(entry->path(), "cannot be removed", failed.value());
  }
  return error ? Failed(folder_, "cannot be listed", error.value()) : absl::OkStatus();
}

}  // namespace labrec::admin
