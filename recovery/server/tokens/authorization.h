#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::recovery {

// The token of a call's one "authorization" field; `values` are all that the call carries. The scheme
// "Bearer" has no case, and one space or more behind it (RFC 9110, section 11.1; RFC 6750, section 2.1).
// UNAUTHENTICATED: none, several, or another scheme. The result lives as long as what the value views. Any
// thread.
absl::StatusOr<std::string_view> BearerToken(const std::vector<std::string_view>& values);

}  // namespace labrec::recovery
