#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

namespace labrec::recovery {

// Keeps a second process, or a second store of this one, away from a database, by flock on a file beside it.
// It guards against mistakes only: a copy of the database has its own lock, and is fenced off by the ledger.
class FileLock {
 public:
  // Makes `path` where needed (mode 0600). FAILED_PRECONDITION, with the other's process id: it is held.
  static absl::StatusOr<FileLock> Take(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace labrec::recovery
