#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "recovery/server/tokens/cache.h"
#include "recovery/server/tokens/key_source.h"

namespace labrec::recovery {

// A messaging platform whose users have records here.
struct Tenant {
  std::string name;
  std::filesystem::path jwks = {};  // file with its public keys for tokens; empty: they are fetched
  std::string jwks_url = {};        // from here, "https://..."
  std::filesystem::path jwks_ca =
      {};  // whose server is known by these root certificates; empty: the system's
  std::chrono::seconds jwks_refresh{300};

  bool operator==(const Tenant&) const = default;
};

struct TokenLimits {
  size_t longest = 8192;            // in bytes; as long as the metadata of a call may be
  size_t cached = size_t{1} << 16;  // tokens whose signature need not be checked again
};

// Checks bearer tokens: JWTs (RFC 7519) signed with ES256 or RS256 by a key of their tenant's key set, for
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
  // UNAVAILABLE: its tenant's keys cannot be fetched at present.
  absl::StatusOr<TokenHolder> Verify(std::string_view token);

  // Begins to fetch keys that are not in files: threads of it start here, and not before.
  void Begin();
  // From now on these tenants and no others; keys of those that stay as they are stay too. An error (of a
  // name or a key set, naming the tenant) changes nothing.
  absl::Status SetTenants(const std::vector<Tenant>& tenants);
  // Reads key files that changed now, not at the next token, and fetches what is fetched.
  void Refresh();
  // Of each tenant's keys, by its name.
  std::map<std::string, KeyReport> KeyReports() const;

 private:
  TokenVerifier(std::string audience, const Clock& clock, const TokenLimits& limits)
      : audience_(std::move(audience)), clock_(clock), longest_(limits.longest), cache_(limits.cached) {}

  struct Issuer {
    Tenant tenant;
    std::shared_ptr<KeySource> keys;
    std::function<void()> begin;  // starts what has to be started, once
  };
  using Issuers = std::map<std::string, Issuer, std::less<>>;
  static absl::StatusOr<Issuer> Open(const Tenant& tenant);
  static void StartAll(Issuers& issuers);
  std::shared_ptr<KeySource> KeysOf(std::string_view issuer) const;
  std::optional<TokenHolder> FindVerified(const Digest& token, int64_t now_ms);

  const std::string audience_;
  const Clock& clock_;
  const size_t longest_;
  mutable std::mutex mutex_;
  Issuers issuers_;
  bool begun_ = false;
  TokenCache cache_;
};

}  // namespace labrec::recovery
