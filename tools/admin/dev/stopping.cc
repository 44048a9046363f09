#include "tools/admin/dev/stopping.h"

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace labrec::admin {

absl::StatusOr<Stopping> Stopping::Watch() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, "waiting for signals");
  const pid_t parent = getppid();
  const int watched = parent > 0 ? static_cast<int>(syscall(SYS_pidfd_open, parent, 0)) : -1;
  Stopping stopping(descriptor, watched);
  // It ended meanwhile, and somebody else is the parent now.
  if (getppid() != parent) return absl::CancelledError("whoever started this has ended");
  return stopping;
}

Stopping::Stopping(Stopping&& other) noexcept
    : signals_(std::exchange(other.signals_, -1)), parent_(std::exchange(other.parent_, -1)) {}

Stopping::~Stopping() {
  for (const int descriptor : {signals_, parent_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

absl::StatusOr<size_t> Stopping::Await(std::span<const int> descriptors,
                                       std::chrono::milliseconds patience) const {
  std::vector<pollfd> polled = {{signals_, POLLIN, 0}, {parent_, POLLIN, 0}};
  for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
  int ready = 0;
  do {
    ready = poll(polled.data(), polled.size(), static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return absl::ErrnoToStatus(errno, "poll");
  if (ready == 0) return absl::DeadlineExceededError("nothing happened in time");
  if (polled[0].revents != 0) return absl::CancelledError("told to stop");
  if (polled[1].revents != 0) return absl::CancelledError("whoever started this has ended");
  for (size_t i = 2; i < polled.size(); ++i) {
    if (polled[i].revents != 0) return i - 2;
  }
  return absl::InternalError("poll found nothing");
}

}  // namespace labrec::admin
