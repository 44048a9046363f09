#include "recovery/client/core/call.h"

#include <string>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/sleep.h"
#include "recovery/client/core/wait.h"
#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/realm_refusal.h"
#include "recovery/client/tokens/bearer_token.h"

namespace labrec::recovery::client::core {
namespace {

// What to do about it, for the codes where that is always the same.
const char* Advice(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      return " (check that the realm runs and its address and CA certificate are right; then try again)";
    case absl::StatusCode::kUnauthenticated:
      return " (get a new token for this realm)";
    case absl::StatusCode::kDeadlineExceeded:
      return " (try again, or allow more time)";
    case absl::StatusCode::kUnimplemented:
      return " (update this program or the realm, whichever is older)";
    default:
      return "";
  }
}

// "oslo (oslo.example:7443)"; a host need not say where it reaches a realm.
std::string NameAndAddress(const Realm& realm) {
  return realm.address.empty() ? realm.name : absl::StrCat(realm.name, " (", realm.address, ")");
}

absl::Status Failure(const Realm& realm, const Method& method, const absl::Status& status) {
  const bool away = absl::IsUnavailable(status) && !realm.route.empty();
  absl::Status said(status.code(),
                    absl::StrCat("realm ", NameAndAddress(realm), away ? ", " : "", away ? realm.route : "",
                                 ", ", AbslView(method.name), ": ", status.message(), Advice(status.code())));
  // A host that did not believe the certificate has heard nothing of the realm.
  if (FailureKindOf(status) == FailureKind::kTlsMismatch) return Marked(FailureKind::kTlsMismatch, said);
  return RefusedByRealm(std::move(said));
}

// A realm is a thief of tokens: none goes out but one for this realm alone.
absl::StatusOr<std::string> Judged(const Reply& reply, const Realm& realm) {
  LABREC_RETURN_IF_ERROR(reply.status);
  LABREC_ASSIGN_OR_RETURN(BearerToken token, ParseBearerToken(ToString(reply.body)));
  LABREC_RETURN_IF_ERROR(CheckIsFor(token, realm.id));
  return std::move(token.text);
}

Task<std::string> Token(Scope& scope, const Realm& realm, size_t at, std::string refused) {
  TokenStep step;
  step.realm = at;
  step.refused = std::move(refused);
  Wait wait(scope, std::move(step), std::nullopt);
  const Reply reply = co_await wait;
  auto token = Judged(reply, realm);
  if (token.ok()) co_return token;
  co_return absl::Status(token.status().code(),
                         absl::StrCat("realm ", realm.name, ": ", token.status().message()));
}

// When to send it again; nothing: not at all.
std::optional<int64_t> PauseBefore(const Reply& reply, const Method& method, int attempt, Host& host) {
  const bool is_safe = method.repeat == Repeat::kSafe || method.repeat == Repeat::kSafeAndDear;
  if (absl::IsUnavailable(reply.status) && is_safe) {
    return RetryPauseMs(host, attempt);
  }
  if (absl::IsDeadlineExceeded(reply.status) && method.repeat == Repeat::kSafeAndDear && attempt == 0) {
    return 0;
  }
  if (absl::IsResourceExhausted(reply.status)) return reply.retry_after_ms;
  return std::nullopt;
}

absl::Status NoteTlsKey(Realm& realm, const Reply& reply) {
  realm.shown_tls_key = reply.tls_key_hash;
  if (!realm.proven_tls_key || realm.proven_tls_key == reply.tls_key_hash) return absl::OkStatus();
  return Marked(
      FailureKind::kTlsMismatch,
      absl::PermissionDeniedError(absl::StrCat(
          "realm ", NameAndAddress(realm),
          ": the answer came on a connection with another TLS key than the one that it proved itself on")));
}

}  // namespace

void HoldChallenge(Realm& realm, const Bytes& challenge, int64_t asked_ms) {
  // Ten seconds less than it is good for, for what is on the way.
  constexpr int64_t kHeldMs = 50'000;
  if (challenge.size() == kChallengeBytes) realm.challenge = HeldChallenge{challenge, asked_ms + kHeldMs};
}

Task<Bytes> CallMethod(Scope& scope, Account& account, size_t realm, const Method& method, Bytes body) {
  if (!method.is_of_proof && !account[realm].unproven.ok()) {
    co_return Marked(FailureKind::kUnproven, account[realm].unproven);
  }
  const Limits limits = account.limits();
  std::string token;
  bool renewed = false;
  for (int attempt = 0;; ++attempt) {
    if (method.needs_token && token.empty()) {
      LABREC_CO_ASSIGN_OR_RETURN(token, co_await Token(scope, account[realm], realm, ""));
    }
    CallStep call;
    call.realm = realm;
    call.method = method.name;
    call.body = body;
    call.token = token;
    call.attempt = attempt;
    call.deadline_ms = scope.flow().After(limits.timeout_ms);
    const int64_t deadline_ms = call.deadline_ms;
    Wait wait(scope, std::move(call), deadline_ms);
    Reply reply = co_await wait;
    if (reply.status.ok()) {
      LABREC_CO_RETURN_IF_ERROR(NoteTlsKey(account[realm], reply));
      co_return std::move(reply.body);
    }
    if (absl::IsUnauthenticated(reply.status) && method.needs_token && !std::exchange(renewed, true)) {
      auto other = co_await Token(scope, account[realm], realm, token);
      if (other.ok() && *other != token) {
        token = *std::move(other);
        continue;
      }
    }
    const auto pause_ms = PauseBefore(reply, method, attempt, account.host());
    const bool again = pause_ms && *pause_ms <= limits.timeout_ms && attempt + 1 < limits.attempts;
    if (!again) co_return Failure(account[realm], method, reply.status);
    const absl::Status waited = co_await Sleep(scope, *pause_ms);
    if (!waited.ok()) co_return Failure(account[realm], method, reply.status);
  }
}

}  // namespace labrec::recovery::client::core
