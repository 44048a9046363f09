#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace labrec::recovery::client {

// The JSON Web Token that realms know the caller by, and whom it speaks of.
//
// The claims are read without checking the signature: the client only has to know the names it puts into the
// hash of its PIN, and a realm that does not accept the token says so.
struct BearerToken {
  std::string text;     // as it goes into "authorization: Bearer ..."
  std::string tenant;   // claim "iss"
  std::string account;  // claim "sub"
};

// INVALID_ARGUMENT if it is not three base64url parts with a JSON object in the middle that has "iss" and
// "sub" as texts. White space around it is taken off.
absl::StatusOr<BearerToken> ParseBearerToken(std::string text);
absl::StatusOr<BearerToken> LoadBearerToken(const std::filesystem::path& path);

}  // namespace labrec::recovery::client
