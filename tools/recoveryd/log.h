#pragma once

#include <string>
#include <string_view>

namespace labrec::recoveryd {

// One line per event on stderr: time (left to the journal, where systemd collects the lines), level, event.
// gRPC's own lines go the same way: its errors as warnings, at most one per second, as a stranger's failed
// handshake is one too; protobuf's likewise. What others sent may stand in an event: see Printable. Call
// once, in main.
void StartLog(const std::string& level);

// The text, if it is UTF-8 without control characters; else with everything escaped as "\x0a" that is not
// printable ASCII, so that it stays one line and no terminal takes it for a command.
std::string Printable(std::string_view text);

}  // namespace labrec::recoveryd
