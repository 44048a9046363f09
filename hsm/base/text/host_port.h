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

// What a URI has for this address: of "unix:/path", whose path is meant as it stands, each byte that could be
// read as something else (a blank, '%', '#', '?') is %XX (RFC 3986, section 2.1). Any other address is
// itself. gRPC takes its targets for URIs, and would go to the socket "aA" for the path "a%41". Pure.
std::string TargetUri(std::string_view address);

}  // namespace labrec
