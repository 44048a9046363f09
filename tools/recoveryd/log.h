#pragma once

#include <string>

namespace labrec::recoveryd {

// One line per event on stderr: time (left to the journal, where systemd collects the lines), level, event.
// gRPC's own lines go the same way: its errors as warnings, at most one per second, as a stranger's failed
// handshake is one too. Call once, in main.
void StartLog(const std::string& level);

}  // namespace labrec::recoveryd
