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
#include "recovery/store/sqlite/schema.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

// How long the eraser waits for readers. Batches wait as long, and it comes back later.
constexpr int kPatienceMillis = 100;

// The log file: a header, then for each page a frame of a header and the page
// (sqlite.org/fileformat2.html, 4.1).
constexpr off_t LogSize(int pages, off_t page_bytes) {
  return 32 + off_t{pages} * (24 + page_bytes);
}

// Overwrites the file from `start` to its end with zeros and waits until they are on the disk. SQLite takes
// no locks on the log itself, so opening and closing it here disturbs none.
absl::Status OverwriteWithZeros(const std::filesystem::path& path, off_t start) {
  auto failure = [&path](const char* what) {
    const bool no_room = errno == ENOSPC || errno == EDQUOT;  // where overwriting takes new blocks
    const absl::Status why = absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path.string()));
    return absl::Status(no_room ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal,
                        why.message());
  };
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return failure("cannot open");
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat facts {};
  if (fstat(file, &facts) != 0) return failure("cannot stat");
  static constexpr std::array<uint8_t, 1 << 16> kZeros{};
  for (off_t at = start; at < facts.st_size;) {
    const size_t size = std::min(kZeros.size(), static_cast<size_t>(facts.st_size - at));
    const ssize_t written = pwrite(file, kZeros.data(), size, at);
    if (written < 0 && errno != EINTR) return failure("cannot overwrite");
    at += std::max<ssize_t>(written, 0);
  }
  if (fdatasync(file) == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", path.string())).message());
}

// Nothing was done that matters, and it may go through next time.
bool ComesBack(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

}  // namespace

LogEraser::LogEraser(Database database, std::filesystem::path database_path, std::mutex& no_write,
                     Limits limits, std::function<void(const absl::Status&)> failed)
    : database_(std::move(database)),
      log_path_(std::move(database_path) += "-wal"),
      no_write_(no_write),
      limits_(limits),
      failed_(std::move(failed)) {
  sqlite3_busy_timeout(database_.get(), kPatienceMillis);
  auto count = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<LogEraser*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), count, this);
  thread_ = std::thread([this] { Work(); });
}

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
    if (absl::IsResourceExhausted(erased)) wake_.wait_for(lock, limits_.after, [this] { return stop_; });
    if (!erased.ok() && !ComesBack(erased)) return;
  }
}

absl::Status LogEraser::EraseNow() {
  std::lock_guard one(erase_mutex_);
  // Does most of the work first, while batches go on, and the rest while none is written.
  LABREC_RETURN_IF_ERROR(Reported(Checkpoint(SQLITE_CHECKPOINT_PASSIVE)));
  std::lock_guard none(no_write_);
  LABREC_RETURN_IF_ERROR(Reported(EmptyAndOverwrite()));
  std::lock_guard lock(mutex_);
  dirty_ = large_ = false;
  return absl::OkStatus();
}

// BUSY, which SqliteError calls UNAVAILABLE, means that nothing was done; on a full disk the log still has
// all that is not in the database. Any other error may have left something half done on the disk.
absl::Status LogEraser::Reported(absl::Status status) {
  if (status.ok() || ComesBack(status)) return status;
  failed_(status);
  return absl::IsDataLoss(status) ? status : absl::InternalError(status.message());
}

absl::Status LogEraser::Checkpoint(int mode) {
  int pages = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, &pages, &moved);
  if (code != SQLITE_OK) {
    const absl::Status why = SqliteError(database_.get(), code, "moving the log into the database");
    return OutOfRoom(database_.get(), code, DatabaseFile::kMain) ? absl::ResourceExhaustedError(why.message())
                                                                 : why;
  }
  if (mode == SQLITE_CHECKPOINT_PASSIVE || moved == pages) return absl::OkStatus();
  return absl::UnavailableError("a reader keeps the write-ahead log");
}

// 1. RESTART: every page of the log is in the database file and on the disk, and nobody reads the log. 2. An
// empty change of our own begins the log anew, with another salt, at its start: all that stands behind it is
// dead, for readers, for writers and after a crash. 3. That is overwritten.
absl::Status LogEraser::EmptyAndOverwrite() {
  LABREC_RETURN_IF_ERROR(Checkpoint(SQLITE_CHECKPOINT_RESTART));
  LABREC_ASSIGN_OR_RETURN(const int64_t page_bytes, PragmaValue(database_.get(), "PRAGMA page_size"));
  LABREC_ASSIGN_OR_RETURN(const int64_t before, DataVersion());
  log_pages_ = 0;
  LABREC_RETURN_IF_ERROR(RewriteVersion(database_.get()));
  if (log_pages_ != 1) return absl::UnavailableError("a reader keeps the write-ahead log");
  // Keeps another process off the log, should one write to the file against all advice; or notices that it
  // did.
  LABREC_RETURN_IF_ERROR(Execute(database_.get(), "BEGIN IMMEDIATE"));
  const absl::Cleanup end = [this] { Execute(database_.get(), "ROLLBACK").IgnoreError(); };
  LABREC_ASSIGN_OR_RETURN(const int64_t after, DataVersion());
  if (before != after) return absl::UnavailableError("another process wrote to the database");
  return OverwriteWithZeros(log_path_, LogSize(log_pages_, page_bytes));
}

// Changes whenever somebody else commits.
absl::StatusOr<int64_t> LogEraser::DataVersion() {
  return PragmaValue(database_.get(), "PRAGMA data_version");
}

}  // namespace labrec::recovery
