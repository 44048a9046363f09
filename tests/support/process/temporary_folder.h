#pragma once

#include <filesystem>

namespace labrec::test {

// A new folder with mode 0700 and a short path (Unix socket paths have at most 107 bytes), removed with all
// it holds when this object ends. Aborts if none can be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace labrec::test
