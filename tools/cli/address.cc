#include "tools/cli/address.h"

#include <arpa/inet.h>

#include "hsm/base/text/host_port.h"

namespace labrec::cli {

bool Address::IsLocal() const {
  if (is_unix || host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::optional<Address> ParseAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/')) return std::nullopt;
    return Address{true, std::string(path), 0};
  }
  const std::optional<HostPort> parsed = ParseHostPort(text);
  if (!parsed) return std::nullopt;
  return Address{false, parsed->host, parsed->port};
}

}  // namespace labrec::cli
