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

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace labrec::test
