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

// A JSON Web Key Set (RFC 7517) of public keys for signatures: EC on P-256 and RSA from 2048 to 8192 bits. A
// key that cannot be used is passed over (section 5), and its neighbours are good. A value; any thread.
class Jwks {
 public:
  // INVALID_ARGUMENT: no JSON, or no key set. A set of which no key can be used is a set: it verifies
  // nothing.
  static absl::StatusOr<Jwks> Parse(std::string_view json);

  // The key, or null. Keys of different algorithms may share an id (section 4.5).
  const TokenKey* Find(std::string_view key_id, TokenAlgorithm algorithm) const;
  bool Has(std::string_view key_id) const;
  // Of all keys, in their order.
  std::vector<std::string> ids() const;
  size_t size() const { return keys_.size(); }
  // Why keys were passed over, one text for each: "keys[1]: ...". Among the reasons: of a kind, "use",
  // "key_ops" or "alg" that is not for us; malformed or too short; without "kid"; a private or symmetric key,
  // which has no business here.
  const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  std::vector<TokenKey> keys_;
  std::vector<std::string> passed_over_;
};

}  // namespace labrec::recovery
