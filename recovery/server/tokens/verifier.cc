#include "recovery/server/tokens/verifier.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/claims.h"
#include "recovery/server/tokens/jwks_file.h"
#include "recovery/server/tokens/jwks_url.h"
#include "recovery/server/tokens/jwt.h"

namespace labrec::recovery {

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(const std::vector<Tenant>& tenants,
                                                                     std::string audience, const Clock& clock,
                                                                     const TokenLimits& limits) {
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(std::move(audience), clock, limits));
  LABREC_RETURN_IF_ERROR(verifier->SetTenants(tenants));
  return verifier;
}

absl::StatusOr<TokenVerifier::Issuer> TokenVerifier::Open(const Tenant& tenant) {
  LABREC_RETURN_IF_ERROR(CheckIdentifier("tenant", tenant.name));
  if (tenant.jwks_url.empty()) {
    LABREC_ASSIGN_OR_RETURN(std::shared_ptr<KeySource> file, JwksFile::Open(tenant.jwks));
    return Issuer{tenant, std::move(file), nullptr};
  }
  FetchTimes times;
  times.refresh = tenant.jwks_refresh;
  LABREC_ASSIGN_OR_RETURN(std::shared_ptr<JwksUrl> fetched,
                          JwksUrl::Make({tenant.jwks_url, tenant.jwks_ca}, times));
  return Issuer{tenant, fetched, [fetched = fetched.get()] { fetched->Begin(); }};
}

absl::Status TokenVerifier::SetTenants(const std::vector<Tenant>& tenants) {
  Issuers next;
  for (const Tenant& tenant : tenants) {
    const std::unique_lock lock(mutex_);
    const auto known = issuers_.find(tenant.name);
    if (known == issuers_.end() || known->second.tenant != tenant) continue;
    next.insert(*known);
  }
  for (const Tenant& tenant : tenants) {
    if (next.contains(tenant.name)) continue;
    absl::StatusOr<Issuer> opened = Open(tenant);
    if (!opened.ok()) {
      return absl::Status(opened.status().code(),
                          absl::StrCat("tenant \"", tenant.name, "\": ", opened.status().message()));
    }
    next.emplace(tenant.name, *std::move(opened));
  }
  const std::lock_guard lock(mutex_);
  if (begun_) StartAll(next);
  issuers_.swap(next);
  return absl::OkStatus();
}

void TokenVerifier::StartAll(Issuers& issuers) {
  for (auto& [name, issuer] : issuers) {
    if (issuer.begin) std::exchange(issuer.begin, nullptr)();
  }
}

void TokenVerifier::Begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  StartAll(issuers_);
}

std::shared_ptr<KeySource> TokenVerifier::KeysOf(std::string_view issuer) const {
  const std::lock_guard lock(mutex_);
  const auto found = issuers_.find(issuer);
  return found == issuers_.end() ? nullptr : found->second.keys;
}

// A token whose signature was checked is not read again, as long as its tenant's keys are those of then. One
// that is not found here is looked at from its beginning.
std::optional<TokenHolder> TokenVerifier::FindVerified(const Digest& token, int64_t now_ms) {
  std::optional<TokenCache::Entry> known = cache_.Find(token, now_ms);
  if (!known) return std::nullopt;
  const std::shared_ptr<KeySource> source = KeysOf(known->holder.tenant);
  if (source == nullptr) return std::nullopt;
  const absl::StatusOr<KeySource::Keys> keys = source->Current();
  if (!keys.ok() || keys->generation != known->generation) return std::nullopt;
  return std::move(known->holder);
}

absl::StatusOr<TokenHolder> TokenVerifier::Verify(std::string_view token) {
  if (token.size() > longest_) {
    return absl::UnauthenticatedError(
        absl::StrCat("token: longer than ", longest_, " bytes, this server's limit for metadata"));
  }
  const Digest digest = Sha256(token);
  const int64_t now = clock_.NowMillis();
  if (auto known = FindVerified(digest, now)) return *std::move(known);
  LABREC_ASSIGN_OR_RETURN(const UnverifiedToken read, ReadUnverified(token));
  const std::shared_ptr<KeySource> source = KeysOf(read.issuer);
  if (source == nullptr) return absl::UnauthenticatedError("token: \"iss\" is no tenant of this realm");
  LABREC_ASSIGN_OR_RETURN(const KeySource::Keys keys, source->Current());
  const TokenKey* key = keys.jwks->Find(read.key_id, read.algorithm);
  if (key == nullptr) {
    source->Miss();
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
  std::vector<std::shared_ptr<KeySource>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, issuer] : issuers_) all.push_back(issuer.keys);
  }
  for (const auto& keys : all) keys->Refresh();
}

std::map<std::string, KeyReport> TokenVerifier::KeyReports() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, KeyReport> reports;
  for (const auto& [name, issuer] : issuers_) reports.emplace(name, issuer.keys->report());
  return reports;
}

}  // namespace labrec::recovery
