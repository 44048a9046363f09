#include "tools/bench/disk.h"

#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"

namespace labrec::bench {
namespace {

constexpr int kPage = 4096;
constexpr int kPages = 64;

}  // namespace

absl::StatusOr<std::vector<double>> DurableWrites(const std::filesystem::path& folder, int times) {
  using SteadyClock = std::chrono::steady_clock;
  const std::filesystem::path path = folder / "durable-writes";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, "cannot make a file to measure the disk");
  const absl::Cleanup remove = [&] {
    close(file);
    unlink(path.c_str());
  };
  const std::array<char, kPage> page{};
  for (int i = 0; i < kPages; ++i) {
    if (write(file, page.data(), kPage) != kPage)
      return absl::ErrnoToStatus(errno, "cannot write to the disk");
  }
  if (fsync(file) != 0) return absl::ErrnoToStatus(errno, "cannot write to the disk");
  std::vector<double> milliseconds;
  for (int i = 0; i < times; ++i) {
    const auto start = SteadyClock::now();
    if (pwrite(file, page.data(), kPage, off_t{i % kPages} * kPage) != kPage || fdatasync(file) != 0) {
      return absl::ErrnoToStatus(errno, "cannot write to the disk");
    }
    milliseconds.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
  }
  return milliseconds;
}

}  // namespace labrec::bench
