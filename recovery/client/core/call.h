#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/methods.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// Calls a method at a realm: gets a token for this realm alone where one is needed, sends, and repeats as far
// as that changes nothing, with growing pauses of random length. RESOURCE_EXHAUSTED with a time to come back
// is repeated for every method; UNAUTHENTICATED once, with another token.
//
// A realm of which a proof is demanded is sent nothing but the calls of the proof before it is given.
//
// Errors carry the realm's name in front and are marked by RefusedByRealm: what a realm says is a claim, its
// code too. UNAVAILABLE if the host cannot reach it; DEADLINE_EXCEEDED; CANCELLED with the scope;
// INVALID_ARGUMENT for a token that is not for this realm alone; PERMISSION_DENIED for an answer on another
// TLS key than the proven one.
Task<Bytes> CallMethod(Scope& scope, Account& account, size_t realm, const Method& method, Bytes body);

// The challenge for the next signed request that came with this answer; null where such answers bring none.
template <typename Response>
const Bytes* NextChallenge(const Response& response) {
  if constexpr (requires { response.next_challenge; }) {
    return &response.next_challenge;
  } else if constexpr (std::is_same_v<Response, wire::UnlockResponse>) {
    const auto* unlocked = std::get_if<wire::Unlocked>(&response.outcome);
    return unlocked == nullptr ? nullptr : &unlocked->next_challenge;
  } else {
    return nullptr;
  }
}

// Keeps it, if it is one, for what is signed next at this realm. `asked_ms`: when the call began.
void HoldChallenge(Realm& realm, const Bytes& challenge, int64_t asked_ms);

// The same for a message. INTERNAL if the answer is none. A challenge that comes with it is held.
template <typename Request>
Task<typename MethodOf<Request>::Response> Call(Scope& scope, Account& account, size_t realm,
                                                Request request) {
  const Method& method = MethodOf<Request>::kMethod;
  Bytes body = wire::Encode(request);
  const int64_t asked_ms = scope.flow().now_ms();
  LABREC_CO_ASSIGN_OR_RETURN(const Bytes answer,
                             co_await CallMethod(scope, account, realm, method, std::move(body)));
  auto response = wire::Decode<typename MethodOf<Request>::Response>(answer);
  if (!response) {
    co_return absl::InternalError(absl::StrCat("realm ", account[realm].name, ", ", AbslView(method.name),
                                               ": the answer is no message of this method"));
  }
  if (const Bytes* next = NextChallenge(*response)) HoldChallenge(account[realm], *next, asked_ms);
  co_return *std::move(response);
}

}  // namespace labrec::recovery::client::core
