#include "recovery/server/tokens/verifier.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/claims.h"
#include "recovery/server/tokens/jwt.h"

namespace labrec::recovery {

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(const std::vector<Tenant>& tenants,
                                                                     std::vector<std::string> realm_audiences,
                                                                     const Clock& clock,
                                                                     size_t cache_capacity) {
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(clock, cache_capacity));
  for (const Tenant& tenant : tenants) {
    LABREC_RETURN_IF_ERROR(CheckIdentifier("tenant", tenant.name));
    LABREC_ASSIGN_OR_RETURN(auto keys, JwksFile::Open(tenant.jwks));
    std::vector<std::string> audiences = realm_audiences;
    audiences.insert(audiences.end(), tenant.audiences.begin(), tenant.audiences.end());
    verifier->issuers_.emplace(tenant.name, Issuer{std::move(keys), std::move(audiences)});
  }
  return verifier;
}

absl::StatusOr<TokenHolder> TokenVerifier::Verify(std::string_view token) {
  LABREC_ASSIGN_OR_RETURN(const UnverifiedToken read, ReadUnverified(token));
  const auto issuer = issuers_.find(read.issuer);
  if (issuer == issuers_.end()) {
    return absl::UnauthenticatedError("token: \"iss\" is no tenant of this realm");
  }
  const JwksFile::Keys keys = issuer->second.keys->Current();
  const Digest digest = Sha256(token);
  const int64_t now = clock_.NowMillis();
  if (auto known = cache_.Find(digest, read.issuer, keys.generation, now)) return *std::move(known);

  const TokenKey* key = keys.jwks->Find(read.key_id);
  if (key == nullptr) return absl::UnauthenticatedError("token: \"kid\" is no key of its tenant");
  if (key->algorithm != read.algorithm) {
    return absl::UnauthenticatedError(absl::StrCat("token: \"alg\" is not that of the key, which is for ",
                                                   std::string(AlgorithmName(key->algorithm))));
  }
  LABREC_ASSIGN_OR_RETURN(const std::string claims, VerifiedClaims(token, *key));
  LABREC_ASSIGN_OR_RETURN(TokenHolder holder,
                          CheckClaims(claims, {read.issuer, issuer->second.audiences, now}));
  cache_.Put(digest, holder, keys.generation);
  return holder;
}

void TokenVerifier::Refresh() {
  for (auto& [name, issuer] : issuers_) issuer.keys->Current();
}

}  // namespace labrec::recovery
