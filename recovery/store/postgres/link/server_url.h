#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::recovery::postgres {

// What the names of a ledger's tables begin with, in all statements; and of those that one is rebuilt in.
inline constexpr std::string_view kLedgerTables = "labrec_";
inline constexpr std::string_view kRebuiltTables = "labrec_rebuilt_";

// Where one server may be, with all that libpq needs to connect: keywords and values, which may hold a
// password; and which tables are worked on there.
struct ServerPlace {
  std::string name;  // "host:port", for messages
  std::vector<std::pair<std::string, std::string>> options;
  std::string tables{kLedgerTables};  // what their names begin with
};

// The places that a URL "postgresql://..." names, in its order: whoever lists a primary and its standbys
// lists them all. INVALID_ARGUMENT, without the URL's password: it is no such URL, or it leaves a connection
// over the network without TLS that checks the server's name (sslmode=verify-full).
absl::StatusOr<std::vector<ServerPlace>> ParseServerUrl(const std::string& url);

// Whether it starts as such a URL.
bool IsServerUrl(std::string_view text);

}  // namespace labrec::recovery::postgres
