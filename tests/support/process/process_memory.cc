#include "tests/support/process/process_memory.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

constexpr uint64_t kLargestRegion = 512U << 20;

struct Region {
  uint64_t start = 0;
  uint64_t end = 0;
  std::string name;
  bool readable = false;
};

Region ParseRegion(const std::string& line) {
  Region region;
  char permissions[5] = {};
  int name_at = 0;
  if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &region.start, &region.end,
                  permissions, &name_at) < 3) {
    return region;
  }
  region.readable = permissions[0] == 'r';
  if (name_at > 0 && static_cast<size_t>(name_at) < line.size()) region.name = line.substr(name_at);
  return region;
}

}  // namespace

absl::Status VisitMemory(pid_t pid, const std::function<void(const std::string&, ByteView)>& visit) {
  std::ifstream maps(absl::StrCat("/proc/", pid, "/maps"));
  const int memory = open(absl::StrCat("/proc/", pid, "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the memory of process ", pid));
  for (std::string line; std::getline(maps, line);) {
    const Region region = ParseRegion(line);
    const uint64_t size = region.end - region.start;
    if (!region.readable || size > kLargestRegion || region.name.starts_with("[v")) continue;
    Bytes bytes(size);
    const ssize_t got = pread(memory, bytes.data(), size, static_cast<off_t>(region.start));
    if (got > 0) visit(region.name, ByteView(bytes).first(static_cast<size_t>(got)));
  }
  close(memory);
  return absl::OkStatus();
}

absl::Status VisitFiles(const std::filesystem::path& folder,
                        const std::function<void(const std::string&, ByteView)>& visit) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(entry.path(), 256U << 20));
    visit(entry.path().filename().string(), content);
  }
  return absl::OkStatus();
}

bool Holds(ByteView haystack, ByteView needle) {
  if (haystack.empty() || needle.empty()) return false;  // null where it is empty
  return memmem(haystack.data(), haystack.size(), needle.data(), needle.size()) != nullptr;
}

}  // namespace labrec::test
