#include "recovery/client/tokens/bearer_token.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"

namespace labrec::recovery::client {
namespace {

using nlohmann::json;

constexpr size_t kLargestFile = 1U << 20;
constexpr size_t kRealmIdDigits = 32;

absl::Status Malformed(std::string_view why) {
  return absl::InvalidArgumentError("the token is no JSON Web Token: " + std::string(why) +
                                    "; get a new one from your platform (or labyrinth-admin token issue)");
}

absl::StatusOr<std::string> Claim(const json& claims, const char* name) {
  const auto claim = claims.find(name);
  if (claim == claims.end() || !claim->is_string() || claim->get_ref<const std::string&>().empty()) {
    return Malformed(std::string("it has no claim \"") + name + "\"");
  }
  return claim->get<std::string>();
}

// What gRPC would refuse to send, with less to read.
bool IsToken(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

absl::StatusOr<std::vector<std::string>> Audiences(const json& claims) {
  std::vector<std::string> audiences;
  const auto found = claims.find("aud");
  if (found == claims.end()) return audiences;
  for (const json& audience : found->is_array() ? *found : json::array({*found})) {
    if (!audience.is_string()) return Malformed("its claim \"aud\" is neither a text nor a list of texts");
    audiences.push_back(audience.get<std::string>());
  }
  return audiences;
}

// A NumericDate (RFC 7519, section 2) may have a fraction.
std::optional<int64_t> ExpiresAt(const json& claims) {
  constexpr double kLatestSecond = 253'402'300'799;  // the year 9999
  const auto found = claims.find("exp");
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const auto seconds = found->get<double>();
  if (!(seconds >= 0 && seconds <= kLatestSecond)) return std::nullopt;
  return static_cast<int64_t>(std::floor(seconds * 1000));
}

}  // namespace

absl::StatusOr<BearerToken> ParseBearerToken(std::string text) {
  absl::StripAsciiWhitespace(&text);
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  if (parts.size() != 3) return Malformed("it has " + std::to_string(parts.size()) + " parts, not 3");
  std::string payload;
  if (!IsToken(text) || !absl::WebSafeBase64Unescape(parts[1], &payload)) {
    return Malformed("its parts are not base64url");
  }
  const json claims = ParseJson(payload);
  if (!claims.is_object()) return Malformed("its payload is no JSON object, or has a member twice");
  BearerToken token;
  LABREC_ASSIGN_OR_RETURN(token.tenant, Claim(claims, "iss"));
  LABREC_ASSIGN_OR_RETURN(token.account, Claim(claims, "sub"));
  LABREC_ASSIGN_OR_RETURN(token.audiences, Audiences(claims));
  token.expires_at_ms = ExpiresAt(claims);
  token.text = std::move(text);
  return token;
}

absl::StatusOr<std::vector<BearerToken>> ParseBearerTokens(std::string_view text) {
  std::vector<BearerToken> tokens;
  for (const absl::string_view part :
       absl::StrSplit(AbslView(text), absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())) {
    LABREC_ASSIGN_OR_RETURN(BearerToken token, ParseBearerToken(std::string(part)));
    tokens.push_back(std::move(token));
  }
  if (tokens.empty()) return Malformed("there is none");
  return tokens;
}

absl::StatusOr<std::vector<BearerToken>> LoadBearerTokens(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path, kLargestFile));
  absl::StatusOr<std::vector<BearerToken>> tokens = ParseBearerTokens(AsText(content));
  if (tokens.ok()) return tokens;
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", tokens.status().message()));
}

absl::Status CheckIsFor(const BearerToken& token, ByteView realm_id) {
  const std::string id = Hex(realm_id);
  if (token.audiences.size() == 1 && token.audiences.front() == id) return absl::OkStatus();
  if (std::ranges::find(token.audiences, id) != token.audiences.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token is good at ", token.audiences.size(),
                     " realms or services, and each could use it at the others, so none is sent it: get a "
                     "token for each realm alone, its \"aud\" the realm's id"));
  }
  return absl::InvalidArgumentError(absl::StrCat("no token is for this realm: \"aud\" has to be its id, ", id,
                                                 ", and nothing else (a realm's name is not taken)"));
}

absl::Status CheckIsForAService(const BearerToken& token) {
  if (token.audiences.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token names ", token.audiences.size(),
                     " audiences: a service is only sent a token for itself alone"));
  }
  const absl::StatusOr<Bytes> id = FromHex(token.audiences.front());
  if (!id.ok() || token.audiences.front().size() != kRealmIdDigits) return absl::OkStatus();
  return absl::InvalidArgumentError("the token is a recovery realm's, which no other service may have");
}

absl::StatusOr<BearerToken> TokenFor(ByteView realm_id, const std::vector<BearerToken>& tokens) {
  const BearerToken* found = nullptr;
  absl::Status refused = absl::InvalidArgumentError("there is no token");
  for (const BearerToken& token : tokens) {
    const absl::Status fits = CheckIsFor(token, realm_id);
    if (!fits.ok()) {
      refused = fits;
      continue;
    }
    const int64_t expires = token.expires_at_ms.value_or(INT64_MAX);
    if (found == nullptr || expires > found->expires_at_ms.value_or(INT64_MAX)) found = &token;
  }
  if (found == nullptr) return refused;
  return *found;
}

}  // namespace labrec::recovery::client
