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
  std::filesystem::path jwks;          // its public keys for tokens
  std::vector<std::string> audiences;  // accepted as "aud" besides the realm's id and name
};

// Checks bearer tokens: JWTs (RFC 7519) signed with ES256 or RS256 by a key of their tenant's JWKS file, for
// this realm, for at most 24 hours. Every other algorithm ("none", HS256 with a public key as its secret) is
// refused before a key is looked at. docs/protocol.md, "Tokens". Threads: any.
class TokenVerifier {
 public:
  // Reads the tenants' key files. `realm_audiences` are the realm's id in hexadecimal and its name.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(const std::vector<Tenant>& tenants,
                                                               std::vector<std::string> realm_audiences,
                                                               const Clock& clock, size_t cache_capacity);

  // Whose token it is. UNAUTHENTICATED, saying what is wrong; the message holds nothing of the token.
  absl::StatusOr<TokenHolder> Verify(std::string_view token);

  // Reads key files that changed now, not at the next token.
  void Refresh();

 private:
  struct Issuer {
    std::unique_ptr<JwksFile> keys;
    std::vector<std::string> audiences;
  };

  TokenVerifier(const Clock& clock, size_t cache_capacity) : clock_(clock), cache_(cache_capacity) {}

  const Clock& clock_;
  std::map<std::string, Issuer, std::less<>> issuers_;
  TokenCache cache_;
};

}  // namespace labrec::recovery
