#include "tools/mailbox/server/access.h"

#include <string_view>
#include <vector>

#include "hsm/base/status_macros.h"
#include "recovery/server/tokens/authorization.h"

namespace labrec::mailbox {
namespace {

constexpr size_t kMostNameBytes = 1024;

std::vector<std::string_view> Authorizations(const grpc::ServerContextBase& context) {
  std::vector<std::string_view> values;
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  for (auto field = first; field != last; ++field)
    values.emplace_back(field->second.data(), field->second.size());
  return values;
}

}  // namespace

absl::Status Access::Check(const grpc::ServerContextBase& context, const std::string& mailbox) const {
  if (mailbox.empty() || mailbox.size() > kMostNameBytes) {
    return absl::InvalidArgumentError("a mailbox's name has 1 to 1024 bytes");
  }
  if (tokens_ == nullptr) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::string_view token, recovery::BearerToken(Authorizations(context)));
  LABREC_ASSIGN_OR_RETURN(const recovery::TokenHolder holder, tokens_->Verify(token));
  if (mailbox == holder.tenant + "/" + holder.account) return absl::OkStatus();
  return absl::PermissionDeniedError("the token is for mailbox " + holder.tenant + "/" + holder.account);
}

}  // namespace labrec::mailbox
