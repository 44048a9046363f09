#pragma once

#include <string>

namespace labrec::recoveryd {

// Words to the service manager (sd_notify(3)); without one they go nowhere. Any thread.
void NotifyReady();
void NotifyStopping();
// One line that "systemctl status" shows.
void NotifyStatus(const std::string& status);
// The process is alive; expected every WatchdogSec.
void NotifyAlive();

}  // namespace labrec::recoveryd
