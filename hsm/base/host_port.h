#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace labrec {

// "host:port" or "[v6]:port" (RFC 3986, section 3.2.2). A value.
struct HostPort {
  std::string host;  // a name, or an address in its one canonical form (RFC 5952), without brackets
  int port = 0;      // 0 to 65535

  // "host:port", with brackets where they belong: one text for each address.
  std::string Text() const;
};

// nullopt if it is none: a scheme, a path, an address of version 6 without brackets, what looks like an
// address of version 4 and is none, a port that is no number or too great, a character that no host has.
// Pure.
std::optional<HostPort> ParseHostPort(std::string_view text);

}  // namespace labrec
