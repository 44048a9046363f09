#include "tools/mailbox/server/access.h"

#include <string_view>

#include "hsm/base/status_macros.h"

namespace labrec::mailbox {
namespace {

constexpr size_t kMostNameBytes = 1024;
constexpr std::string_view kBearer = "Bearer ";

absl::StatusOr<std::string_view> BearerToken(const grpc::ServerContextBase& context) {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  if (first == last || std::next(first) != last) {
    return absl::UnauthenticatedError("send one \"authorization: Bearer <JWT>\" of your platform");
  }
  const std::string_view value(first->second.data(), first->second.size());
  if (!value.starts_with(kBearer)) {
    return absl::UnauthenticatedError("\"authorization\" is no bearer token: \"Bearer <JWT>\" is expected");
  }
  return value.substr(kBearer.size());
}

}  // namespace

absl::Status Access::Check(const grpc::ServerContextBase& context, const std::string& mailbox) const {
  if (mailbox.empty() || mailbox.size() > kMostNameBytes) {
    return absl::InvalidArgumentError("a mailbox's name has 1 to 1024 bytes");
  }
  if (tokens_ == nullptr) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::string_view token, BearerToken(context));
  LABREC_ASSIGN_OR_RETURN(const recovery::TokenHolder holder, tokens_->Verify(token));
  if (mailbox == holder.tenant + "/" + holder.account) return absl::OkStatus();
  return absl::PermissionDeniedError("the token is for mailbox " + holder.tenant + "/" + holder.account);
}

}  // namespace labrec::mailbox
