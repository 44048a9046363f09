#include "recovery/server/admin/backup_maker.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(const fs::path& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path.string(), ": ", what, " (as the daemon's user)"));
}

absl::Status CheckPath(const fs::path& path) {
  if (!path.is_absolute() || !path.has_filename()) {
    return absl::InvalidArgumentError("the backup's path has to be absolute and name a file");
  }
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(path.string(), ": is there already; choose another name"));
}

absl::Status SyncFolder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  return fd >= 0 && fsync(fd) == 0 ? absl::OkStatus() : SystemError(folder, "fsync");
}

}  // namespace

BackupMaker::~BackupMaker() {
  if (worker_.joinable()) worker_.join();
}

void BackupMaker::Make(const std::string& path, std::function<void(absl::StatusOr<uint64_t>)> done) {
  if (absl::Status checked = CheckPath(path); !checked.ok()) return done(std::move(checked));
  std::unique_lock lock(mutex_);
  if (busy_) {
    lock.unlock();
    return done(absl::ResourceExhaustedError("another backup is being made: wait until it is done"));
  }
  if (worker_.joinable()) worker_.join();  // it has only to return
  busy_ = true;
  worker_ = std::thread([this, path, done = std::move(done)] {
    absl::StatusOr<uint64_t> written = Write(path);
    {
      const std::lock_guard done_with_it(mutex_);
      busy_ = false;
    }
    done(std::move(written));
  });
}

absl::StatusOr<uint64_t> BackupMaker::Write(const fs::path& path) const {
  const fs::path part = absl::StrCat(path.string(), ".part-", Hex(SecretBytes::Random(4).view()));
  LABREC_RETURN_IF_ERROR(snapshot_(part));
  absl::Cleanup remove_part = [&part] { unlink(part.c_str()); };
  std::error_code error;
  const uintmax_t bytes = fs::file_size(part, error);
  if (error) return absl::UnavailableError(absl::StrCat(part.string(), ": ", error.message()));
  if (const absl::Status moved = MoveToNewName(part, path); !moved.ok()) {
    return absl::Status(moved.code(), absl::StrCat(moved.message(), " (as the daemon's user)"));
  }
  std::move(remove_part).Cancel();
  LABREC_RETURN_IF_ERROR(SyncFolder(path.parent_path()));
  return uint64_t{bytes};
}

}  // namespace labrec::recovery
