#include "tools/recover/connect.h"

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/bearer_token.h"

namespace labrec::recover {
namespace {

using recovery::client::BearerToken;
using recovery::client::RealmAddress;
using recovery::client::RealmList;
using recovery::client::RealmSet;

absl::StatusOr<BearerToken> TokenFor(const RealmAddress& realm, const Arguments& arguments) {
  if (realm.token_file) return recovery::client::LoadBearerToken(*realm.token_file);
  if (!arguments.token_file.empty()) return recovery::client::LoadBearerToken(arguments.token_file);
  return absl::InvalidArgumentError(absl::StrCat("no token for realm ", realm.name,
                                                 ": give one with --token-file, or token_file in the list"));
}

absl::StatusOr<std::vector<BearerToken>> Tokens(const RealmList& list, const Arguments& arguments) {
  std::vector<BearerToken> tokens;
  for (const RealmAddress& realm : list.realms) {
    LABREC_ASSIGN_OR_RETURN(BearerToken token, TokenFor(realm, arguments));
    if (!arguments.tenant.empty()) token.tenant = arguments.tenant;
    if (!arguments.account.empty()) token.account = arguments.account;
    if (!tokens.empty() && (token.tenant != tokens[0].tenant || token.account != tokens[0].account)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the token for realm ", realm.name, " speaks of account ", token.account, " of ",
                       token.tenant, ", the first one of ", tokens[0].account, " of ", tokens[0].tenant));
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

recovery::client::ClientOptions Options(const Arguments& arguments) {
  recovery::client::ClientOptions options;
  options.channel.timeout = std::chrono::milliseconds(static_cast<int64_t>(arguments.timeout_s * 1000));
  return options;
}

}  // namespace

absl::StatusOr<Connection> Connect(const Arguments& arguments) {
  LABREC_ASSIGN_OR_RETURN(RealmList list, recovery::client::LoadRealmList(arguments.realms));
  LABREC_ASSIGN_OR_RETURN(std::vector<BearerToken> tokens, Tokens(list, arguments));
  const size_t count = list.realms.size();
  const uint32_t threshold =
      arguments.threshold.value_or(list.threshold.value_or(recovery::client::Majority(count)));
  if (threshold > count) {
    return absl::InvalidArgumentError(absl::StrCat("--threshold ", threshold, " is more than the ", count,
                                                   " realms in ", arguments.realms));
  }
  Connection connection{std::make_unique<RealmSet>(tokens[0].tenant, tokens[0].account, Options(arguments)),
                        threshold};
  for (size_t i = 0; i < count; ++i) {
    LABREC_RETURN_IF_ERROR(connection.realms->Add(std::move(list.realms[i]), std::move(tokens[i].text)));
  }
  return connection;
}

}  // namespace labrec::recover
