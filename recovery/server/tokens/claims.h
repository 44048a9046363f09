#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "recovery/server/tokens/cache.h"

namespace labrec::recovery {

// What a token's claims (RFC 7519, section 4.1) have to say.
struct ClaimRules {
  std::string issuer;    // the tenant
  std::string audience;  // who takes the token: the realm's id in hexadecimal
  int64_t now_ms = 0;
};

// How far ahead a token may expire.
inline constexpr int64_t kLongestTokenMillis = 24LL * 60 * 60 * 1000;
// How far clocks may differ, for "nbf" and "iat" and the limit above. An expired token is expired.
inline constexpr int64_t kClockSkewMillis = 60LL * 1000;

// The account that these claims (a JSON object, its signature checked before) name. UNAUTHENTICATED, saying
// which claim is wrong and why. A token that names any other audience beside this one is refused: whoever
// else may take it could use it here, to spend a person's guesses. Pure; any thread.
absl::StatusOr<TokenHolder> CheckClaims(std::string_view claims_json, const ClaimRules& rules);

}  // namespace labrec::recovery
