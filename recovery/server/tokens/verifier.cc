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
                                                                     std::string audience, const Clock& clock,
                                                                     const TokenLimits& limits) {
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(std::move(audience), clock, limits));
  for (const Tenant& tenant : tenants) {
    LABREC_RETURN_IF_ERROR(CheckIdentifier("tenant", tenant.name));
    LABREC_ASSIGN_OR_RETURN(auto keys, JwksFile::Open(tenant.jwks));
    verifier->issuers_.emplace(tenant.name, std::move(keys));
  }
  return verifier;
}

absl::StatusOr<TokenHolder> TokenVerifier::Verify(std::string_view token) {
  if (token.size() > longest_) {
    return absl::UnauthenticatedError(
        absl::StrCat("token: longer than ", longest_, " bytes, this server's limit for metadata"));
  }
  LABREC_ASSIGN_OR_RETURN(const UnverifiedToken read, ReadUnverified(token));
  const auto issuer = issuers_.find(read.issuer);
  if (issuer == issuers_.end()) {
    return absl::UnauthenticatedError("token: \"iss\" is no tenant of this realm");
  }
  const JwksFile::Keys keys = issuer->second->Current();
  const Digest digest = Sha256(token);
  const int64_t now = clock_.NowMillis();
  if (auto known = cache_.Find(digest, read.issuer, keys.generation, now)) return *std::move(known);

  const TokenKey* key = keys.jwks->Find(read.key_id, read.algorithm);
  if (key == nullptr) {
    return absl::UnauthenticatedError(keys.jwks->Has(read.key_id)
                                          ? "token: \"alg\" is not that of the key that \"kid\" names"
                                          : "token: \"kid\" is no key of its tenant");
  }
  LABREC_ASSIGN_OR_RETURN(const std::string claims, VerifiedClaims(token, *key));
  LABREC_ASSIGN_OR_RETURN(TokenHolder holder, CheckClaims(claims, {read.issuer, audience_, now}));
  cache_.Put(digest, holder, keys.generation);
  return holder;
}

void TokenVerifier::Refresh() {
  for (auto& [name, keys] : issuers_) keys->Current();
}

}  // namespace labrec::recovery
