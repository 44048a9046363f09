#include "recovery/client/grpc/http_proxy.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/text/host_port.h"

namespace labrec::recovery::client {
namespace {

using Environment = std::function<const char*(const char*)>;

// The value of a variable that is there and not empty.
std::string Value(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? "" : value;
}

bool IsLeftOut(const std::string& host, const Environment& environment) {
  std::string entries = Value(environment, "no_grpc_proxy");
  if (entries.empty()) entries = Value(environment, "no_proxy");
  const std::vector<std::string> list = absl::StrSplit(entries, ',', absl::SkipEmpty());
  return std::ranges::any_of(list,
                             [&](const std::string& entry) { return absl::EndsWithIgnoreCase(host, entry); });
}

}  // namespace

std::string HttpProxyFor(const std::string& target, const Environment& environment) {
  constexpr std::string_view kScheme = "http://";
  const std::optional<HostPort> parsed = ParseHostPort(target);
  if (!parsed || IsLeftOut(parsed->host, environment)) return "";
  for (const char* name : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const std::string value = Value(environment, name);
    if (value.empty()) continue;
    if (!value.starts_with(kScheme)) return "";
    std::string proxy = value.substr(kScheme.size());
    proxy = proxy.substr(0, proxy.find('/'));
    proxy = proxy.substr(proxy.rfind('@') + 1);
    return absl::StrCat(name, "=", proxy);
  }
  return "";
}

}  // namespace labrec::recovery::client
