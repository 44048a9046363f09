#include "tools/cli/connect.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/tokens/bearer_token.h"
#include "recovery/client/tokens/token_command.h"

namespace labrec::cli {
namespace {

using recovery::client::BearerToken;
using recovery::client::Cancelled;
using recovery::client::LeastFrom;
using recovery::client::RealmAddress;
using recovery::client::RealmList;
using recovery::client::RealmSet;
using recovery::client::TokenCommand;
using recovery::client::TokenFetch;

absl::Status At(std::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(std::string(where), ": ", status.message()));
}

TokenFetch FromFile(const std::filesystem::path& file, const Bytes& realm_id) {
  return [file, realm_id](const Cancelled&) -> absl::StatusOr<BearerToken> {
    LABREC_ASSIGN_OR_RETURN(const auto tokens, recovery::client::LoadBearerTokens(file));
    auto token = recovery::client::TokenFor(realm_id, tokens);
    if (!token.ok()) return At(file.string(), token.status());
    return token;
  };
}

TokenFetch FromCommand(const std::vector<std::string>& words, const Bytes& realm_id) {
  return
      [command = TokenCommand{words}, realm_id](const Cancelled& cancelled) -> absl::StatusOr<BearerToken> {
        LABREC_ASSIGN_OR_RETURN(const std::string printed, RunTokenCommand(command, realm_id, cancelled));
        const std::string program = "token command " + command.words.front();
        const auto tokens = recovery::client::ParseBearerTokens(printed);
        if (!tokens.ok()) return At(program, tokens.status());
        auto token = recovery::client::TokenFor(realm_id, *tokens);
        if (!token.ok()) return At(program, token.status());
        return token;
      };
}

// `first`, once; then what `fetch` brings.
TokenFetch FirstThen(BearerToken first, TokenFetch fetch) {
  return [first = std::optional(std::move(first)),
          fetch = std::move(fetch)](const Cancelled& cancelled) mutable -> absl::StatusOr<BearerToken> {
    if (first) return *std::exchange(first, std::nullopt);
    return fetch(cancelled);
  };
}

absl::StatusOr<TokenFetch> TokenOf(const RealmAddress& realm, const RealmList& list,
                                   const RealmOptions& options) {
  if (realm.token_file) return FromFile(*realm.token_file, realm.id);
  if (!options.token_file.empty()) return FromFile(options.token_file, realm.id);
  if (!list.token_command.empty()) return FromCommand(list.token_command, realm.id);
  return absl::InvalidArgumentError(
      absl::StrCat("no token for realm ", realm.name,
                   ": give one with --token-file, or token_file or token_command in the list"));
}

// Whose tokens they are: what the command line says, else what the first token says that is to be had.
struct Account {
  std::string tenant;
  std::string account;
};

absl::StatusOr<Account> AccountOf(std::vector<TokenFetch>& tokens, const RealmList& list,
                                  const RealmOptions& options) {
  Account whose{options.tenant, options.account};
  if (!whose.tenant.empty() && !whose.account.empty()) return whose;
  absl::Status failed;
  const Cancelled never = [] { return false; };
  for (size_t i = 0; i < tokens.size(); ++i) {
    absl::StatusOr<BearerToken> token = tokens[i](never);
    if (token.ok()) {
      if (whose.tenant.empty()) whose.tenant = token->tenant;
      if (whose.account.empty()) whose.account = token->account;
      tokens[i] = FirstThen(*std::move(token), std::move(tokens[i]));
      return whose;
    }
    if (failed.ok()) failed = At("realm " + list.realms[i].name, token.status());
  }
  return failed;
}

// Refuses tokens of another account: the PIN is hashed with the account's names.
TokenFetch OfAccount(const Account& whose, const RealmOptions& options, TokenFetch fetch) {
  return [fetch = std::move(fetch), whose, own_tenant = options.tenant.empty(),
          own_account = options.account.empty()](const Cancelled& cancelled) -> absl::StatusOr<BearerToken> {
    LABREC_ASSIGN_OR_RETURN(BearerToken token, fetch(cancelled));
    if ((!own_tenant || token.tenant == whose.tenant) && (!own_account || token.account == whose.account)) {
      return token;
    }
    return absl::InvalidArgumentError(absl::StrCat("the token speaks of account ", token.account, " of ",
                                                   token.tenant, ", the first one of ", whose.account, " of ",
                                                   whose.tenant));
  };
}

recovery::client::ClientOptions ClientOptionsOf(const RealmOptions& options) {
  recovery::client::ClientOptions client;
  client.channel.timeout = std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1000));
  return client;
}

}  // namespace

absl::StatusOr<Connection> Connect(const RealmOptions& options) {
  LABREC_ASSIGN_OR_RETURN(RealmList list, recovery::client::LoadRealmList(options.realms));
  const size_t count = list.realms.size();
  const uint32_t threshold =
      options.threshold.value_or(list.threshold.value_or(recovery::client::Majority(count)));
  if (threshold > count) {
    return absl::InvalidArgumentError(
        absl::StrCat("--threshold ", threshold, " is more than the ", count, " realms in ", options.realms));
  }
  std::vector<TokenFetch> tokens;
  for (const RealmAddress& realm : list.realms) {
    LABREC_ASSIGN_OR_RETURN(tokens.emplace_back(), TokenOf(realm, list, options));
  }
  LABREC_ASSIGN_OR_RETURN(const Account whose, AccountOf(tokens, list, options));
  Connection connection{std::make_unique<RealmSet>(whose.tenant, whose.account, ClientOptionsOf(options)),
                        threshold, options.threshold ? LeastFrom::kPerson : LeastFrom::kDefault};
  for (size_t i = 0; i < count; ++i) {
    LABREC_RETURN_IF_ERROR(
        connection.realms->Add(std::move(list.realms[i]), OfAccount(whose, options, std::move(tokens[i]))));
  }
  return connection;
}

}  // namespace labrec::cli
