#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

namespace labrec::test {

// Waits for files of a folder to be written, cut, made, moved or removed (inotify(7)), for tests that wait
// for what another thread or process writes. Not for folders below it. One thread.
class FolderWatch {
 public:
  // NOT_FOUND and so on as errno says.
  static absl::StatusOr<std::unique_ptr<FolderWatch>> On(const std::filesystem::path& folder);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Waits until `there()`, which is asked at once and after each change. False if it is not by then.
  template <typename There>
  bool WaitUntil(There there, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!there()) {
      if (!WaitForChange(deadline)) return there();
    }
    return true;
  }

 private:
  explicit FolderWatch(int fd) : fd_(fd) {}
  // False if nothing changed before the deadline since the last call or, at first, since the watch was made.
  bool WaitForChange(std::chrono::steady_clock::time_point deadline);

  int fd_;
};

}  // namespace labrec::test
