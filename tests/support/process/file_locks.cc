#include "tests/support/process/file_locks.h"

#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace labrec::test {
namespace {

std::set<uint64_t> InodesBelow(const std::filesystem::path& folder) {
  std::set<uint64_t> inodes;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    struct stat file {};
    if (stat(entry.path().c_str(), &file) == 0) inodes.insert(file.st_ino);
  }
  return inodes;
}

}  // namespace

bool HoldsALockBelow(const std::filesystem::path& folder, pid_t process) {
  const std::set<uint64_t> inodes = InodesBelow(folder);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    // "1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF"; one who waits for it has "->" second.
    const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() < 6 || fields[1] == "->") continue;
    const std::vector<std::string> place = absl::StrSplit(fields[5], ':');
    pid_t holder = 0;
    uint64_t inode = 0;
    if (absl::SimpleAtoi(fields[4], &holder) && absl::SimpleAtoi(place.back(), &inode) && holder == process &&
        inodes.contains(inode)) {
      return true;
    }
  }
  return false;
}

}  // namespace labrec::test
