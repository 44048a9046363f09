#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/client/base/config_group.h"
#include "recovery/client/base/realm_set.h"

namespace labrec::cli {

// What a program's user says of the realms.
struct RealmOptions {
  std::string realms;  // the file of the realm list
  std::string token_file;
  std::string tenant;   // empty: from the token
  std::string account;  // empty: from the token
  std::optional<uint32_t> threshold;
  double timeout_s = 10;
};

// The realms, and how many of them must agree.
struct Connection {
  std::unique_ptr<recovery::client::RealmSet> realms;
  uint32_t threshold = 0;  // from the option, else the list, else a majority
  recovery::client::LeastFrom threshold_from = recovery::client::LeastFrom::kDefault;  // kPerson: the option
};

// Reads the realm list, and as many tokens as it takes to know the account; a token command may be run for
// that. Nothing is sent yet. A realm that no good token is to be had for, or only one of another account,
// fails by itself, when it is called. INVALID_ARGUMENT, naming the file or option, if something is missing,
// or the first realm's error if there is no token at all.
absl::StatusOr<Connection> Connect(const RealmOptions& options);

}  // namespace labrec::cli
