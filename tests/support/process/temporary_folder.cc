#include "tests/support/process/temporary_folder.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace labrec::test {

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  std::string name = parent / "labrec-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    std::perror("labrec tests: mkdtemp");
    std::abort();
  }
  path_ = name;
}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& path, Stays /*stays*/)
    : path_(std::filesystem::absolute(path)), stays_(true) {
  std::filesystem::create_directories(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
}

TemporaryFolder TemporaryFolder::Lasting(const std::filesystem::path& path) {
  return {path, Stays()};
}

TemporaryFolder::~TemporaryFolder() {
  if (stays_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace labrec::test
