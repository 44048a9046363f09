#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::recovery {

// Makes snapshots of the ledger on a thread of its own, one at a time, while everything goes on. Each is
// written beside its place and renamed: a file of that name is whole. Threads: any.
class BackupMaker {
 public:
  // Writes a consistent copy to a new file of mode 0600, durably, or leaves none (SqliteStore::Snapshot).
  using Snapshot = std::function<absl::Status(const std::filesystem::path&)>;
  explicit BackupMaker(Snapshot snapshot) : snapshot_(std::move(snapshot)) {}
  ~BackupMaker();  // waits for the one under way
  BackupMaker(const BackupMaker&) = delete;
  BackupMaker& operator=(const BackupMaker&) = delete;

  // Calls `done` once, with the size in bytes, from the maker's thread or the caller's. INVALID_ARGUMENT: the
  // path is not absolute; ALREADY_EXISTS: there is a file; RESOURCE_EXHAUSTED: another backup is under way;
  // otherwise what the file system says. On an error no file is left.
  void Make(const std::string& path, std::function<void(absl::StatusOr<uint64_t>)> done);

 private:
  absl::StatusOr<uint64_t> Write(const std::filesystem::path& path) const;

  const Snapshot snapshot_;
  std::mutex mutex_;  // guards what follows
  bool busy_ = false;
  std::thread worker_;
};

}  // namespace labrec::recovery
