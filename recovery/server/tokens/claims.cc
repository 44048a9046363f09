#include "recovery/server/tokens/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/base64url.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

// Seconds that times 1000 still fit: the year 9999.
constexpr int64_t kLatestSecond = 253'402'300'799;

absl::Status RefusedClaim(std::string_view reason) {
  return absl::UnauthenticatedError(absl::StrCat("token: ", std::string(reason)));
}

// A NumericDate (RFC 7519, section 2), which may have a fraction, in milliseconds; nullopt if it is missing.
absl::StatusOr<std::optional<int64_t>> Time(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::optional<int64_t>();
  if (!found->is_number() || !(*found >= 0 && *found <= kLatestSecond)) {
    return RefusedClaim(absl::StrCat("\"", name, "\" is no number of seconds"));
  }
  if (found->is_number_integer()) return std::optional<int64_t>(found->get<int64_t>() * 1000);
  return std::optional<int64_t>(static_cast<int64_t>(std::floor(found->get<double>() * 1000)));
}

absl::StatusOr<int64_t> CheckTimes(const Json& claims, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<int64_t> expires, Time(claims, "exp"));
  LABREC_ASSIGN_OR_RETURN(const std::optional<int64_t> not_before, Time(claims, "nbf"));
  LABREC_ASSIGN_OR_RETURN(const std::optional<int64_t> issued, Time(claims, "iat"));
  if (!expires) return RefusedClaim("\"exp\" is missing");
  if (now_ms >= *expires) return RefusedClaim("it has expired");
  if (*expires > now_ms + kLongestTokenMillis + kClockSkewMillis) {
    return RefusedClaim("\"exp\" lies more than 24 hours ahead");
  }
  if (not_before.value_or(0) > now_ms + kClockSkewMillis) return RefusedClaim("\"nbf\": it is not valid yet");
  if (issued.value_or(0) > now_ms + kClockSkewMillis) return RefusedClaim("\"iat\" lies in the future");
  return *expires;
}

// "aud" is one text or an array of texts.
absl::Status CheckAudience(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return RefusedClaim("\"aud\" is missing");
  if (found->is_array() && found->size() > 1) {
    return RefusedClaim(absl::StrCat(
        "\"aud\" names ", found->size(),
        " audiences, and each could use the token at the others: it has to name \"", audience, "\" alone"));
  }
  const Json& named = found->is_array() && found->size() == 1 ? found->front() : *found;
  if (named.is_string() && named.get_ref<const std::string&>() == audience) return absl::OkStatus();
  return RefusedClaim(absl::StrCat("\"aud\" is not \"", audience, "\", which alone is taken here"));
}

// The thumbprint in "cnf" (RFC 7800, section 3.1), if there is one. Other ways to name a key are passed over,
// as that section says.
absl::StatusOr<std::optional<Digest>> ConfirmedKey(const Json& claims) {
  const auto confirmation = claims.find("cnf");
  if (confirmation == claims.end()) return std::optional<Digest>();
  if (!confirmation->is_object()) return RefusedClaim("\"cnf\" is no object");
  const auto named = confirmation->find("jkt");
  if (named == confirmation->end()) return std::optional<Digest>();
  const std::optional<Bytes> bytes =
      named->is_string() ? FromBase64Url(named->get_ref<const std::string&>()) : std::nullopt;
  Digest thumbprint{};
  if (!bytes || bytes->size() != thumbprint.size()) {
    return RefusedClaim("\"jkt\" of \"cnf\" is no SHA-256 thumbprint: 43 characters of base64url (RFC 7638)");
  }
  std::ranges::copy(*bytes, thumbprint.begin());
  return std::optional<Digest>(thumbprint);
}

}  // namespace

absl::StatusOr<TokenHolder> CheckClaims(std::string_view claims_json, const ClaimRules& rules) {
  const Json claims = ParseJson(claims_json);
  if (!claims.is_object()) return RefusedClaim("its claims are no JSON object");
  const auto issuer = claims.find("iss");
  if (issuer == claims.end() || !issuer->is_string() || *issuer != rules.issuer) {
    return RefusedClaim("\"iss\" is not the tenant");
  }
  LABREC_ASSIGN_OR_RETURN(const int64_t expires, CheckTimes(claims, rules.now_ms));
  LABREC_RETURN_IF_ERROR(CheckAudience(claims, rules.audience));
  const auto subject = claims.find("sub");
  if (subject == claims.end() || !subject->is_string()) return RefusedClaim("\"sub\" is missing or no text");
  const auto account = subject->get<std::string>();
  if (const absl::Status name = CheckIdentifier("account", account); !name.ok()) {
    return RefusedClaim(absl::StrCat("\"sub\" is no account: ", name.message()));
  }
  LABREC_ASSIGN_OR_RETURN(const std::optional<Digest> device_key, ConfirmedKey(claims));
  return TokenHolder{rules.issuer, account, expires, device_key};
}

}  // namespace labrec::recovery
