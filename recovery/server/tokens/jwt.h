#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "recovery/server/tokens/jwks.h"

namespace labrec::recovery {

// What a token says before anybody checked it: only good to find the key to check it with.
struct UnverifiedToken {
  TokenAlgorithm algorithm = TokenAlgorithm::kEs256;
  std::string key_id;
  std::string issuer;
};

// Reads a compact JWS (RFC 7515, section 7.1). UNAUTHENTICATED: not of that form, "alg" other than ES256 or
// RS256, "typ" of another kind of JWT than a plain one or an access token (RFC 9068), "crit" present, no
// "kid", no "iss". Any thread.
absl::StatusOr<UnverifiedToken> ReadUnverified(std::string_view token);

// The claims of a token that ReadUnverified took and `key` signed, as JSON. UNAUTHENTICATED if it did not
// sign it. Any thread.
absl::StatusOr<std::string> VerifiedClaims(std::string_view token, const TokenKey& key);

}  // namespace labrec::recovery
