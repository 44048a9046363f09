#pragma once

#include <filesystem>

namespace labrec::test {

// A new folder with mode 0700 and a short path (Unix socket paths have at most 107 bytes), removed with all
// it holds when this object ends. Aborts if none can be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  // One that may be there already and stays, with what is in it.
  static TemporaryFolder Lasting(const std::filesystem::path& path);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Stays {};
  TemporaryFolder(const std::filesystem::path& path, Stays stays);

  std::filesystem::path path_;
  bool stays_ = false;
};

}  // namespace labrec::test
