#include "recovery/store/sqlite/snapshot.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

// The new file, open. Nobody can have it open before.
absl::StatusOr<int> MakeEmptyFile(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path.string()));
  return file;
}

absl::Status Sync(int file, const std::filesystem::path& path) {
  if (file >= 0 && fsync(file) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", path.string()));
}

absl::Status SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const absl::Cleanup close_folder = [descriptor] { close(descriptor); };
  return Sync(descriptor, folder);
}

// SQLite opens files by name alone, so somebody who may write to the folder can have put another one there
// since.
absl::Status CheckStillThere(int file, const std::filesystem::path& path) {
  struct stat made {};
  struct stat found {};
  if (fstat(file, &made) == 0 && lstat(path.c_str(), &found) == 0 && made.st_dev == found.st_dev &&
      made.st_ino == found.st_ino) {
    return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat(
      path.string(), ": somebody replaced the file while it was written; choose a folder of your own"));
}

// Copies in one step, so that the whole copy is of one moment. A read transaction is held meanwhile, which is
// in nobody's way.
absl::Status CopyInto(sqlite3* source, const std::filesystem::path& path) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
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
  // SQLite follows no symbolic link and wants to know the folder behind one.
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  if (error) return absl::NotFoundError(absl::StrCat("there is no folder for the copy ", path.string()));
  const std::filesystem::path copy = folder / path.filename();
  LABREC_ASSIGN_OR_RETURN(const int file, MakeEmptyFile(copy));
  const absl::Cleanup close_file = [file] { close(file); };
  absl::Status status = CopyInto(source, copy);
  if (status.ok()) status = CheckStillThere(file, copy);
  if (status.ok()) status = Sync(file, copy);
  if (status.ok()) status = SyncFolder(folder);
  if (!status.ok()) std::filesystem::remove(copy, error);
  return status;
}

}  // namespace labrec::recovery
