#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

namespace labrec::test {

// A folder on a file system of its own that is soon full. Only root can make one. It is seen by the thread
// that made it and by the programs that this starts, and gone with the test's process.
class SmallDisk {
 public:
  // Puts the folder, with what is in it, on a file system of `bytes`.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Under(const std::filesystem::path& folder,
                                                          uint64_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Takes all the room there is.
  absl::Status Fill() const;
  void MakeRoom() const;
  absl::Status MakeReadOnly() const;

 private:
  explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path Filler() const { return folder_ / "filler"; }
  std::filesystem::path folder_;
};

}  // namespace labrec::test
