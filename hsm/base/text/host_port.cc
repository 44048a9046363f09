#include "hsm/base/text/host_port.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace labrec {
namespace {

constexpr size_t kLongestHost = 253;
constexpr int kMostPort = 65535;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsNameCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

std::optional<int> Port(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || !std::ranges::all_of(digits, IsDigit)) return std::nullopt;
  const int port = std::stoi(std::string(digits));
  if (port > kMostPort) return std::nullopt;
  return port;
}

// An address of this family in its canonical form.
std::optional<std::string> Canonical(int family, const std::string& address) {
  in6_addr bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(family, address.c_str(), &bytes) != 1) return std::nullopt;
  return inet_ntop(family, &bytes, text.data(), text.size());
}

// With a zone behind it (RFC 4007), as "fe80::1%eth0".
std::optional<std::string> Version6(std::string_view host) {
  const size_t percent = std::min(host.find('%'), host.size());
  std::optional<std::string> address = Canonical(AF_INET6, std::string(host.substr(0, percent)));
  const std::string_view zone = host.substr(std::min(percent + 1, host.size()));
  if (percent < host.size() && (zone.empty() || !std::ranges::all_of(zone, IsNameCharacter))) {
    return std::nullopt;
  }
  if (address) *address += host.substr(percent);
  return address;
}

std::optional<std::string> NameOrVersion4(std::string_view host) {
  if (host.empty() || host.size() > kLongestHost || !std::ranges::all_of(host, IsNameCharacter)) {
    return std::nullopt;
  }
  // No name ends in a label of digits (RFC 3696, section 2): 127.1 and 1.2.3.400 are spoilt addresses.
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (!std::ranges::all_of(last, IsDigit)) return std::string(host);
  return Canonical(AF_INET, std::string(host));
}

}  // namespace

std::string HostPort::Text() const {
  const bool version6 = host.find(':') != std::string::npos;
  return (version6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::optional<int> port = Port(text.substr(colon + 1));
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  const std::optional<std::string> canonical =
      bracketed ? Version6(host.substr(1, host.size() - 2)) : NameOrVersion4(host);
  if (!port || !canonical) return std::nullopt;
  return HostPort{*canonical, *port};
}

std::string TargetUri(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  if (!address.starts_with(kUnix)) return std::string(address);
  std::string uri(kUnix);
  for (const char c : address.substr(kUnix.size())) {
    if (IsNameCharacter(c) || c == '/' || c == '~') {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHexDigits[byte >> 4];
    uri += kHexDigits[byte & 15];
  }
  return uri;
}

}  // namespace labrec
