#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/sqlite/connection.h"

namespace labrec::recovery {

// Moves the write-ahead log's pages into the database file and overwrites the log with zeros, from its own
// thread, soon after a batch was written. In the log live old versions of rows, erased nonces among them.
// Threads: any.
class LogEraser {
 public:
  struct Limits {
    std::chrono::milliseconds after{5000};
    int log_pages = 8192;
  };
  // `no_write` is held by whoever writes to the database; `failed` is told, once, an error after which it is
  // not known what reached the disk.
  LogEraser(Database database, std::filesystem::path database_path, std::mutex& no_write, Limits limits,
            std::function<void(const absl::Status&)> failed);
  ~LogEraser();  // ends the thread; erases nothing more
  LogEraser(const LogEraser&) = delete;
  LogEraser& operator=(const LogEraser&) = delete;

  // A batch was written, and the log has `log_pages` pages.
  void Written(int log_pages);
  // UNAVAILABLE, a reader was in the way, or RESOURCE_EXHAUSTED, the disk is full: nothing is lost, and it is
  // tried again later. DATA_LOSS or INTERNAL: the process must end.
  absl::Status EraseNow();

 private:
  void Work();
  absl::Status Reported(absl::Status status);
  absl::Status Checkpoint(int mode);
  absl::Status EmptyAndOverwrite();
  absl::StatusOr<int64_t> DataVersion();

  const Database database_;
  const std::filesystem::path log_path_;
  std::mutex& no_write_;
  const Limits limits_;
  const std::function<void(const absl::Status&)> failed_;

  std::mutex erase_mutex_;  // one erasure at a time; taken before no_write_
  int log_pages_ = 0;       // after our own latest change
  std::mutex mutex_;        // guards what follows
  std::condition_variable wake_;
  bool dirty_ = false;
  bool large_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace labrec::recovery
