#pragma once

#include <chrono>
#include <string>

#include "absl/status/status.h"

namespace labrec::recoveryd {

// A start whose device is away waits for it, and says so in the log and to the service manager: a service
// manager would give up, or start it again and again. Pauses grow from one second to half a minute. Takes the
// process's SIGTERM and SIGINT, which are blocked in every thread. One thread.
class DeviceWait {
 public:
  // After a try that failed with `why`: OK to try again. `why` itself, where it is not that the device is
  // away (UNAVAILABLE); CANCELLED after a signal.
  absl::Status Pause(const absl::Status& why);

 private:
  std::chrono::seconds pause_{1};
  std::string said_;
};

}  // namespace labrec::recoveryd
