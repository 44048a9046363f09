#include "recovery/realm/folder.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr size_t kAuthorizationSize = 32;

absl::Status CheckPrivate(const std::filesystem::path& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return absl::NotFoundError(absl::StrCat(path.string(),
                                            ": there is no such folder; \"labyrinth-admin realm "
                                            "init --state ",
                                            path.string(), "\" makes a realm"));
  }
  if ((found.st_mode & 077) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path.string(), ": others can enter it, and it holds secrets; chmod 0700 ", path.string()));
}

absl::StatusOr<SecretBytes> ReadAuth(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes value, ReadSecretFile(path, kAuthorizationSize));
  if (value.size() == kAuthorizationSize) return value;
  return absl::FailedPreconditionError(absl::StrCat(path.string(), ": has ", value.size(),
                                                    " bytes instead of 32; bring it back from a backup"));
}

absl::Status WriteAuth(const std::filesystem::path& path, const SecretBytes& value) {
  return WriteFile(path, value.view(), 0600, Overwrite::kRefuse);
}

}  // namespace

absl::StatusOr<RealmManifest> RealmFolder::ReadManifest() const {
  LABREC_RETURN_IF_ERROR(CheckPrivate(path_));
  const absl::StatusOr<Bytes> json = ReadFile(ManifestPath());
  if (absl::IsNotFound(json.status())) {
    return absl::NotFoundError(absl::StrCat(path_.string(),
                                            ": holds no realm (no realm.json); \"labyrinth-admin "
                                            "realm init --state ",
                                            path_.string(), "\" makes one"));
  }
  LABREC_RETURN_IF_ERROR(json.status());
  absl::StatusOr<RealmManifest> manifest = RealmManifestFromJson(AsText(*json));
  if (manifest.ok()) return manifest;
  return absl::InvalidArgumentError(absl::StrCat(ManifestPath().string(), ": ", manifest.status().message()));
}

absl::Status RealmFolder::WriteManifest(const RealmManifest& manifest) const {
  return WriteFile(ManifestPath(), AsBytes(ToJson(manifest)), 0600, Overwrite::kRefuse);
}

absl::StatusOr<SecretBytes> RealmFolder::ReadDeviceAuth() const {
  return ReadAuth(DeviceAuthPath());
}

absl::StatusOr<SecretBytes> RealmFolder::ReadAnchorAuth() const {
  return ReadAuth(AnchorAuthPath());
}

absl::Status RealmFolder::WriteDeviceAuth(const SecretBytes& authorization) const {
  return WriteAuth(DeviceAuthPath(), authorization);
}

absl::Status RealmFolder::WriteAnchorAuth(const SecretBytes& authorization) const {
  return WriteAuth(AnchorAuthPath(), authorization);
}

SecretBytes NewAuthorization() {
  SecretBytes value = SecretBytes::Random(kAuthorizationSize);
  while (value.view().back() == 0) value = SecretBytes::Random(kAuthorizationSize);
  return value;
}

absl::StatusOr<RealmLock> RealmLock::Take(const RealmFolder& folder) {
  const std::string path = folder.LockPath().string();
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  RealmLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    struct stat facts {};
    lock.left_serving_ = fstat(fd, &facts) == 0 && facts.st_size > 0;
    return lock;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      folder.path().string(), ": another process works on this realm; stop labyrinth-recoveryd first"));
}

RealmLock& RealmLock::operator=(RealmLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(left_serving_, other.left_serving_);
  std::swap(serves_, other.serves_);
  return *this;
}

RealmLock::~RealmLock() {
  if (fd_ >= 0) close(fd_);
}

absl::Status RealmLock::NoteServing() {
  constexpr std::string_view kMark = "serves\n";
  const bool done = pwrite(fd_, kMark.data(), kMark.size(), 0) == static_cast<ssize_t>(kMark.size());
  if (!done || fdatasync(fd_) != 0) {
    return absl::UnavailableError(absl::StrCat("the lock of the realm's folder: ", std::strerror(errno)));
  }
  serves_ = true;
  return absl::OkStatus();
}

absl::Status RealmLock::NoteEnd() {
  if (!std::exchange(serves_, false) || (ftruncate(fd_, 0) == 0 && fdatasync(fd_) == 0)) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("the lock of the realm's folder: ", std::strerror(errno)));
}

}  // namespace labrec::recovery
