#include "tools/recoveryd/device_wait.h"

#include <algorithm>

#include <signal.h>
#include <spdlog/spdlog.h>

#include "tools/recoveryd/notify.h"

namespace labrec::recoveryd {

absl::Status DeviceWait::Pause(const absl::Status& why) {
  constexpr std::chrono::seconds kLongest{30};
  if (!absl::IsUnavailable(why)) return why;
  std::string text(why.message());
  if (text != said_) {
    spdlog::error("not serving yet, the start waits for it: {}", text);
    NotifyStatus("waiting: " + text);
    said_ = std::move(text);
  }
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&ends, signal);
  const timespec pause{pause_.count(), 0};
  pause_ = std::min(2 * pause_, kLongest);
  return sigtimedwait(&ends, nullptr, &pause) < 0
             ? absl::OkStatus()
             : absl::CancelledError("stopped while it waited for the device");
}

}  // namespace labrec::recoveryd
