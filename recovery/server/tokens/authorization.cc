#include "recovery/server/tokens/authorization.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery {

absl::StatusOr<std::string_view> BearerToken(const std::vector<std::string_view>& values) {
  constexpr std::string_view kScheme = "Bearer ";
  if (values.empty()) {
    return absl::UnauthenticatedError("no token: send \"authorization: Bearer <JWT>\" of your platform");
  }
  if (values.size() > 1) return absl::UnauthenticatedError("more than one \"authorization\"");
  std::string_view token = values.front();
  if (!absl::StartsWithIgnoreCase(AbslView(token), AbslView(kScheme))) {
    return absl::UnauthenticatedError("\"authorization\" is no bearer token: \"Bearer <JWT>\" is expected");
  }
  token.remove_prefix(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

}  // namespace labrec::recovery
