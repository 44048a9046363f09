#include "recovery/store/postgres/link/server_url.h"

#include <algorithm>
#include <memory>

#include <libpq-fe.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// A host that is gone is noticed within seconds, by either side; one that is slow to answer is waited for.
constexpr std::pair<const char*, const char*> kDefaults[] = {{"connect_timeout", "5"},
                                                             {"keepalives_idle", "5"},
                                                             {"keepalives_interval", "2"},
                                                             {"keepalives_count", "3"},
                                                             {"tcp_user_timeout", "15000"}};

std::string Take(Options& options, std::string_view keyword) {
  for (auto option = options.begin(); option != options.end(); ++option) {
    if (option->first != keyword) continue;
    std::string value = std::move(option->second);
    options.erase(option);
    return value;
  }
  return {};
}

bool Has(const Options& options, std::string_view keyword) {
  for (const auto& [name, value] : options) {
    if (name == keyword) return true;
  }
  return false;
}

// The i-th of a list that may have one element for all, as libpq takes it.
std::string Of(const std::vector<std::string>& list, size_t i) {
  return list.size() == 1 ? list[0] : (i < list.size() ? list[i] : "");
}

bool IsLocal(const std::string& host, const std::string& address) {
  if (address.empty() && (host.empty() || host[0] == '/' || host[0] == '@')) return true;
  const std::string& where = address.empty() ? host : address;
  return where == "localhost" || where == "::1" || where.starts_with("127.");
}

absl::StatusOr<Options> Parse(const std::string& url) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(url.c_str(), &complaint));
  const std::unique_ptr<char, void (*)(void*)> freed(complaint, PQfreemem);
  // libpq quotes the URL, which may hold a password, so its words stay unsaid.
  if (parsed == nullptr) {
    return absl::InvalidArgumentError(
        "is no URL of a PostgreSQL server, as \"postgresql://user@host:5432/database\"");
  }
  Options options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options.emplace_back(option->keyword, option->val);
  }
  return options;
}

}  // namespace

bool IsServerUrl(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

absl::StatusOr<std::vector<ServerPlace>> ParseServerUrl(const std::string& url) {
  if (!IsServerUrl(url)) {
    return absl::InvalidArgumentError("does not start with \"postgresql://\"");
  }
  LABREC_ASSIGN_OR_RETURN(Options common, Parse(url));
  const std::vector<std::string> hosts = absl::StrSplit(Take(common, "host"), ',');
  const std::vector<std::string> addresses = absl::StrSplit(Take(common, "hostaddr"), ',');
  const std::vector<std::string> ports = absl::StrSplit(Take(common, "port"), ',');
  Take(common, "target_session_attrs");
  Take(common, "application_name");
  for (const auto& [keyword, value] : kDefaults) {
    if (!Has(common, keyword)) common.emplace_back(keyword, value);
  }
  std::vector<ServerPlace> places;
  for (size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    const std::string host = Of(hosts, i), address = Of(addresses, i), port = Of(ports, i);
    ServerPlace place{absl::StrCat(host.empty() ? address : host, port.empty() ? "" : ":", port), common,
                      std::string(kLedgerTables)};
    if (place.name.empty()) place.name = "the local server";
    if (!host.empty()) place.options.emplace_back("host", host);
    if (!address.empty()) place.options.emplace_back("hostaddr", address);
    if (!port.empty()) place.options.emplace_back("port", port);
    bool verified = false;
    for (const auto& [keyword, value] : common) verified |= keyword == "sslmode" && value == "verify-full";
    if (!verified && !IsLocal(host, address)) {
      return absl::InvalidArgumentError(
          absl::StrCat("reaches ", place.name, " over the network: add sslmode=verify-full and sslrootcert"));
    }
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace labrec::recovery::postgres
