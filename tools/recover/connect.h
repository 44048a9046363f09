#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "recovery/client/base/realm_set.h"
#include "tools/recover/arguments.h"

namespace labrec::recover {

// The realms of the command line, and how many of them must agree.
struct Connection {
  std::unique_ptr<recovery::client::RealmSet> realms;
  uint32_t threshold = 0;  // from the option, else the list, else a majority
};

// Reads realm list and tokens. Nothing is sent yet. INVALID_ARGUMENT, naming the file or option, if something
// is missing or tokens speak of different accounts.
absl::StatusOr<Connection> Connect(const Arguments& arguments);

}  // namespace labrec::recover
