#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "recovery/server/tokens/jwks.h"

namespace labrec::recovery {

// Longest token that is looked at, in bytes.
inline constexpr size_t kLongestToken = 4096;

// What a token says before anybody checked it: only good to find the key to check it with.
struct UnverifiedToken {
  TokenAlgorithm algorithm = TokenAlgorithm::kEs256;
  std::string key_id;
  std::string issuer;
};

// Reads a compact JWS (RFC 7515, section 7.1). UNAUTHENTICATED: not of that form, "alg" other than ES256 or
// RS256, "crit" present, no "kid", no "iss". Any thread.
absl::StatusOr<UnverifiedToken> ReadUnverified(std::string_view token);

// The claims of a token that `key` signed, as JSON. UNAUTHENTICATED if it did not. Any thread.
absl::StatusOr<std::string> VerifiedClaims(std::string_view token, const TokenKey& key);

}  // namespace labrec::recovery
