#include "tools/recoveryd/resources.h"

#include <algorithm>
#include <cerrno>

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "absl/synchronization/mutex.h"

namespace labrec::recoveryd {
namespace {

constexpr rlim_t kFilesOfTheRealm = 128;  // database, devices, admin socket, metrics, log
constexpr size_t kCrowd = 256;
constexpr int kStepsBack = 5;  // nice(1): a third of a processor's time where both want it
constexpr int kLowestPriority = 19;

rlimit FileLimit() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return files;
}

}  // namespace

void RaiseFileLimit() {
  rlimit files = FileLimit();
  if (files.rlim_cur == files.rlim_max) return;
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) spdlog::warn("the limit of open files cannot be raised");
}

size_t ConnectionsThatFit(size_t wanted) {
  const rlim_t files = FileLimit().rlim_cur;
  const size_t room = files > 2 * kFilesOfTheRealm ? files - kFilesOfTheRealm : files / 2;
  if (room < wanted) {
    spdlog::warn("[limits] connections: {} wanted, {} served, as {} files may be open (LimitNOFILE)", wanted,
                 room, files);
  }
  return std::min(wanted, room);
}

void GiveWayToEarlierThreads() {
  errno = 0;
  const int now = getpriority(PRIO_PROCESS, 0);  // of this thread alone, on Linux: setpriority(2)
  const bool known = now != -1 || errno == 0;
  if (known && setpriority(PRIO_PROCESS, 0, std::min(now + kStepsBack, kLowestPriority)) == 0) return;
  spdlog::warn("threads that read requests run at the same priority as those that feed the device");
}

void SkipDeadlockSearch() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

void MemoryReturn::Look(size_t open) {
  most_ = std::max(most_, open);
  if (most_ < kCrowd || open > most_ / 2) return;
  most_ = open;
  malloc_trim(0);
}

}  // namespace labrec::recoveryd
