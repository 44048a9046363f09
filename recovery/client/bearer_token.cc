#include "recovery/client/bearer_token.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/bytes.h"
#include "hsm/base/file.h"
#include "hsm/base/json.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery::client {
namespace {

absl::Status Malformed(std::string_view why) {
  return absl::InvalidArgumentError("the token is no JSON Web Token: " + std::string(why) +
                                    "; get a new one from your platform (or labyrinth-admin token issue)");
}

absl::StatusOr<std::string> Claim(const nlohmann::json& claims, const char* name) {
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

}  // namespace

absl::StatusOr<BearerToken> ParseBearerToken(std::string text) {
  absl::StripAsciiWhitespace(&text);
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  if (parts.size() != 3) return Malformed("it has " + std::to_string(parts.size()) + " parts, not 3");
  std::string payload;
  if (!IsToken(text) || !absl::WebSafeBase64Unescape(parts[1], &payload)) {
    return Malformed("its parts are not base64url");
  }
  const nlohmann::json claims = ParseJson(payload);
  if (!claims.is_object()) return Malformed("its payload is no JSON object");
  BearerToken token;
  LABREC_ASSIGN_OR_RETURN(token.tenant, Claim(claims, "iss"));
  LABREC_ASSIGN_OR_RETURN(token.account, Claim(claims, "sub"));
  token.text = std::move(text);
  return token;
}

absl::StatusOr<BearerToken> LoadBearerToken(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path, 64U << 10));
  absl::StatusOr<BearerToken> token = ParseBearerToken(ToString(content));
  if (token.ok()) return token;
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", token.status().message()));
}

}  // namespace labrec::recovery::client
