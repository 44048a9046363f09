#pragma once

#include <string>

#include <netinet/in.h>

#include "absl/status/statusor.h"

namespace labrec::test {

// 127.0.0.1 and this port.
sockaddr_in Loopback(int port);

// A TCP port of 127.0.0.1 that nobody listens on now, and that nobody gets who connects somewhere: a server
// that is stopped finds it free again. UNAVAILABLE if there is none.
absl::StatusOr<int> FreePort();

// All that 127.0.0.1:port answers to "GET path", head included; empty if nobody listens.
std::string HttpGet(int port, const std::string& path);

}  // namespace labrec::test
