#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hsm/base/ecdsa.h"

namespace labrec::recovery {

// Tokens and key sets of a tenant that an operator runs for development: real platforms make their own.

// What an issued token says.
struct TokenContents {
  std::string tenant;
  std::string account;
  std::string audience;  // the realm's id in hexadecimal; another service's name
  int64_t issued_at_s = 0;
  int64_t lifetime_s = 3600;
  std::optional<EcdsaPublicKey> device_key = std::nullopt;  // that the tenant vouches for: "cnf"
};

// The "kid" of a key: hexadecimal of SHA-256(SPKI)[0..16].
std::string TokenKeyId(const EcdsaPublicKey& key);

// A JWT signed with ES256. Any thread.
std::string IssueToken(const EcdsaPrivateKey& key, const TokenContents& contents);

// A JWKS document with this one key, to be published to realms.
std::string TokenKeySet(const EcdsaPublicKey& key);

}  // namespace labrec::recovery
