#include "recovery/store/sqlite/snapshot.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

absl::Status MakeEmptyFile(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path.string()));
  close(file);
  return absl::OkStatus();
}

absl::Status SyncFile(const std::filesystem::path& path, int flags) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  const absl::Cleanup close_file = [file] { close(file); };
  if (file >= 0 && fsync(file) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", path.string()));
}

// Copies in one step, so that the whole copy is of one moment. A read transaction is held meanwhile, which is
// in nobody's way.
absl::Status CopyInto(sqlite3* source, const std::filesystem::path& path) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const Database target(raw);
  if (opened != SQLITE_OK) return SqliteError(raw, opened, "opening the copy");
  sqlite3_backup* backup = sqlite3_backup_init(raw, "main", source, "main");
  if (backup == nullptr) return SqliteError(raw, sqlite3_errcode(raw), "beginning the copy");
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return SqliteError(raw, stepped, "copying the database");
  return finished == SQLITE_OK ? absl::OkStatus() : SqliteError(raw, finished, "ending the copy");
}

}  // namespace

absl::Status CopyDatabase(sqlite3* source, const std::filesystem::path& path) {
  LABREC_RETURN_IF_ERROR(MakeEmptyFile(path));
  absl::Status status = CopyInto(source, path);
  if (status.ok()) status = SyncFile(path, 0);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (status.ok()) status = SyncFile(folder, O_DIRECTORY);
  if (!status.ok()) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  return status;
}

}  // namespace labrec::recovery
