#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

#include "tools/mailbox/folder/unique_fd.h"

namespace labrec::mailbox {

// An exclusive lock between processes (flock on `folder`/lock), held until destroyed. Waits for it.
class FolderLock {
 public:
  static absl::StatusOr<FolderLock> Take(const std::filesystem::path& folder);

 private:
  explicit FolderLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace labrec::mailbox
