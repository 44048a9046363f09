#include "tools/recoveryd/notify.h"

#include <systemd/sd-daemon.h>

namespace labrec::recoveryd {

void NotifyReady() {
  sd_notify(0, "READY=1");
}

void NotifyStopping() {
  sd_notify(0, "STOPPING=1");
}

void NotifyStatus(const std::string& status) {
  sd_notify(0, ("STATUS=" + status).c_str());
}

void NotifyAlive() {
  static const bool wanted = sd_watchdog_enabled(0, nullptr) > 0;
  if (wanted) sd_notify(0, "WATCHDOG=1");
}

}  // namespace labrec::recoveryd
