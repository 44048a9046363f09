#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace labrec::recovery {

// The rules of recovery/api/limits.h as statuses: INVALID_ARGUMENT, with `what` ("record", "tenant") as
// the subject and the rule in words. Pure; any thread.

// Records and realms: [A-Za-z0-9._-]{1,64}.
absl::Status CheckShortName(std::string_view what, std::string_view name);
// Tenants and accounts: 1 to 128 bytes of UTF-8 without control characters.
absl::Status CheckIdentifier(std::string_view what, std::string_view name);
// At most 64 bytes of UTF-8 without control characters.
absl::Status CheckDisplayName(std::string_view name);

}  // namespace labrec::recovery
