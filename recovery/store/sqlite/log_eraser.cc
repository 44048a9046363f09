#include "recovery/store/sqlite/log_eraser.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

// Batches wait as long as this does for readers, and it comes back later.
constexpr int kPatienceMillis = 100;

// Overwrites the whole file with zeros and waits until they are on the disk. SQLite takes no locks on the log
// itself, so opening and closing it here disturbs none.
absl::Status OverwriteWithZeros(const std::filesystem::path& path) {
  auto failure = [&path](const char* what) {
    return absl::InternalError(absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path.string())).message());
  };
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return errno == ENOENT ? absl::OkStatus() : failure("cannot open");
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat facts {};
  if (fstat(file, &facts) != 0) return failure("cannot stat");
  static constexpr std::array<uint8_t, 1 << 16> kZeros{};
  for (off_t at = 0; at < facts.st_size;) {
    const size_t size = std::min(kZeros.size(), static_cast<size_t>(facts.st_size - at));
    const ssize_t written = pwrite(file, kZeros.data(), size, at);
    if (written < 0 && errno != EINTR) return failure("cannot overwrite");
    at += std::max<ssize_t>(written, 0);
  }
  return fdatasync(file) == 0 ? absl::OkStatus() : failure("cannot sync");
}

}  // namespace

LogEraser::LogEraser(Database database, std::filesystem::path database_path, std::mutex& no_write,
                     Limits limits, std::function<void(const absl::Status&)> failed)
    : database_(std::move(database)),
      log_path_(std::move(database_path) += "-wal"),
      no_write_(no_write),
      limits_(limits),
      failed_(std::move(failed)),
      thread_([this] { Work(); }) {}

LogEraser::~LogEraser() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogEraser::Written(int log_pages) {
  std::lock_guard lock(mutex_);
  const bool was_dirty = std::exchange(dirty_, true);
  const bool was_large = std::exchange(large_, log_pages >= limits_.log_pages);
  if (!was_dirty || was_large != large_) wake_.notify_all();
}

void LogEraser::Work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait(lock, [this] { return stop_ || dirty_; });
    wake_.wait_for(lock, limits_.after, [this] { return stop_ || large_; });
    if (stop_) return;
    lock.unlock();
    const absl::Status erased = EraseNow();
    lock.lock();
    if (!erased.ok() && !absl::IsUnavailable(erased)) return;
  }
}

absl::Status LogEraser::EraseNow() {
  std::lock_guard one(erase_mutex_);
  sqlite3_busy_timeout(database_.get(), kPatienceMillis);
  // Most of the work first, while batches go on; then the rest, while none is written.
  LABREC_RETURN_IF_ERROR(Checkpoint(SQLITE_CHECKPOINT_PASSIVE));
  std::lock_guard none(no_write_);
  LABREC_RETURN_IF_ERROR(EmptyAndOverwrite());
  std::lock_guard lock(mutex_);
  dirty_ = large_ = false;
  return absl::OkStatus();
}

absl::Status LogEraser::Checkpoint(int mode) {
  int pages = 0;
  int moved = 0;
  int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, &pages, &moved);
  if (code == SQLITE_OK && mode != SQLITE_CHECKPOINT_PASSIVE && moved != pages) code = SQLITE_BUSY;
  if (code == SQLITE_OK) return absl::OkStatus();
  absl::Status status = SqliteError(database_.get(), code, "moving the write-ahead log into the database");
  // Another process may be reading the file: not in the way of a passive one.
  if ((code & 0xff) == SQLITE_BUSY) return mode == SQLITE_CHECKPOINT_PASSIVE ? absl::OkStatus() : status;
  failed_(status);
  return absl::InternalError(status.message());
}

// After RESTART has returned OK, every page of the log is in the database file and on the disk, and no reader
// looks into the log (new ones see that it is used up). Only then may it be overwritten. TRUNCATE then tells
// the shared index that the log begins anew: a batch written between the two would be appended to a log
// without a header and lost in a crash, so where TRUNCATE fails, nothing may be written any more.
absl::Status LogEraser::EmptyAndOverwrite() {
  LABREC_RETURN_IF_ERROR(Checkpoint(SQLITE_CHECKPOINT_RESTART));
  absl::Status done = OverwriteWithZeros(log_path_);
  if (done.ok()) done = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  if (done.ok()) return done;
  failed_(done);
  return absl::InternalError(done.message());
}

}  // namespace labrec::recovery
