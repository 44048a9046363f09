#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::recovery::client {

// A JSON Web Token that one realm, or another service, knows the caller by, and whom it speaks of.
//
// The claims are read without checking the signature: the client only has to know the names that it puts into
// the hash of its PIN, and whom the token may be shown to. Who does not accept the token says so.
struct BearerToken {
  std::string text;                      // as it goes into "authorization: Bearer ..."
  std::string tenant;                    // claim "iss"
  std::string account;                   // claim "sub"
  std::vector<std::string> audiences;    // claim "aud": one text or a list of texts
  std::optional<int64_t> expires_at_ms;  // claim "exp"; Unix milliseconds
};

// INVALID_ARGUMENT if it is not three base64url parts with a JSON object in the middle that has "iss" and
// "sub" as texts. White space around it is taken off.
absl::StatusOr<BearerToken> ParseBearerToken(std::string text);
// One token or several, with white space between them: one for each realm. INVALID_ARGUMENT if one of them is
// none, or there is none.
absl::StatusOr<std::vector<BearerToken>> ParseBearerTokens(std::string_view text);
// The same from a file, which the errors name.
absl::StatusOr<std::vector<BearerToken>> LoadBearerTokens(const std::filesystem::path& path);

// INVALID_ARGUMENT unless the token is for this realm alone: its one audience is the realm's id, as 32
// lower-case hexadecimal digits. Whoever is sent a token can use it wherever else it is good.
absl::Status CheckIsFor(const BearerToken& token, ByteView realm_id);
// INVALID_ARGUMENT unless the token is for one service, which is no realm: what may be shown to a service.
absl::Status CheckIsForAService(const BearerToken& token);
// The one of these tokens that is for this realm alone; of several the one that expires last.
// INVALID_ARGUMENT if none is.
absl::StatusOr<BearerToken> TokenFor(ByteView realm_id, const std::vector<BearerToken>& tokens);

}  // namespace labrec::recovery::client
