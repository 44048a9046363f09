#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "recovery/server/tokens/cache.h"
#include "recovery/server/tokens/jwks_file.h"

namespace labrec::recovery {

// A messaging platform whose users have records here.
struct Tenant {
  std::string name;
  std::filesystem::path jwks;  // its public keys for tokens
};

struct TokenLimits {
  size_t longest = 8192;            // in bytes; as long as the metadata of a call may be
  size_t cached = size_t{1} << 16;  // tokens whose signature need not be checked again
};

// Checks bearer tokens: JWTs (RFC 7519) signed with ES256 or RS256 by a key of their tenant's JWKS file, for
// this audience and no other, for at most 24 hours. Every other algorithm ("none", HS256 with a public key as
// its secret) is refused before a key is looked at. docs/protocol.md, "Tokens". Threads: any.
class TokenVerifier {
 public:
  // Reads the tenants' key files. `audience` is what a token's "aud" has to be, and nothing else: a realm's
  // id as 32 lower-case hexadecimal digits. A realm's name would not do: two realms may have the same.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(const std::vector<Tenant>& tenants,
                                                               std::string audience, const Clock& clock,
                                                               const TokenLimits& limits);

  // Whose token it is. UNAUTHENTICATED, saying what is wrong; the message holds nothing of the token.
  absl::StatusOr<TokenHolder> Verify(std::string_view token);

  // Reads key files that changed now, not at the next token.
  void Refresh();

 private:
  TokenVerifier(std::string audience, const Clock& clock, const TokenLimits& limits)
      : audience_(std::move(audience)), clock_(clock), longest_(limits.longest), cache_(limits.cached) {}

  const std::string audience_;
  const Clock& clock_;
  const size_t longest_;
  std::map<std::string, std::unique_ptr<JwksFile>, std::less<>> issuers_;
  TokenCache cache_;
};

}  // namespace labrec::recovery
