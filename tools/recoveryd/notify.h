#pragma once

#include <string>

namespace labrec::recoveryd {

// Words to the service manager (sd_notify(3)); without one they go nowhere. Any thread.
void NotifyReady();
void NotifyStopping();
// One line that "systemctl status" shows.
void NotifyStatus(const std::string& status);
// The process is alive: said only to a manager that asked for it (WatchdogSec), as an unread word would
// block.
void NotifyAlive();

}  // namespace labrec::recoveryd
