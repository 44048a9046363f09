#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::recovery {

// The algorithms a token may be signed with (RFC 7518, section 3.1).
enum class TokenAlgorithm { kEs256, kRs256 };
std::string_view AlgorithmName(TokenAlgorithm algorithm);

// A tenant's public key for tokens.
struct TokenKey {
  std::string key_id;
  TokenAlgorithm algorithm = TokenAlgorithm::kEs256;
  std::string pem;  // SubjectPublicKeyInfo
};

// A JSON Web Key Set (RFC 7517) of public keys: EC on P-256 and RSA from 2048 to 8192 bits. Keys of other
// kinds are passed over. A value; any thread.
class Jwks {
 public:
  // INVALID_ARGUMENT, naming the key: no JSON; a key without "kid" or with one used twice; a malformed or too
  // short key; a private or symmetric one (it has no business here); no usable key at all.
  static absl::StatusOr<Jwks> Parse(std::string_view json);

  // The key, or null.
  const TokenKey* Find(std::string_view key_id) const;
  size_t size() const { return keys_.size(); }

 private:
  std::vector<TokenKey> keys_;
};

}  // namespace labrec::recovery
