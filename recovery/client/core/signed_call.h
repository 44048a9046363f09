#pragma once

#include <utility>

#include "recovery/api/request_bytes.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/signer.h"

namespace labrec::recovery::client::core {

// A challenge of 32 bytes. INTERNAL if the realm gives another.
Task<Bytes> NewChallenge(Scope& scope, Account& account, size_t realm);

// Who signed `message` for this realm, and over which challenge, as a message.
Task<wire::Signature> Signed(Scope& scope, const Account& account, size_t realm, const Signer& signer,
                             Bytes challenge, Bytes message);

// Gets a challenge from the realm and has the request signed with it (docs/protocol.md, "Signed requests").
// The signature is good once, for 60 seconds. Errors of Call, and the signer's.
Task<wire::Signature> Authorize(Scope& scope, Account& account, size_t realm, Operation operation, Bytes body,
                                const Signer& signer);

inline constexpr int kSignedAttempts = 3;

// Signs `request` for this realm and sends it. After UNAVAILABLE it is signed again with a new challenge and
// sent again: realms answer OK to a signed request whose change is made already, except that DeleteRecord and
// RevokeDevice then say NOT_FOUND. Errors of Call, and the signer's.
template <typename Request>
Task<typename MethodOf<Request>::Response> SignedCall(Scope& scope, Account& account, size_t realm,
                                                      Operation operation, Bytes body, const Signer& signer,
                                                      Request request) {
  for (int attempt = 1;; ++attempt) {
    LABREC_CO_ASSIGN_OR_RETURN(request.authorization,
                               co_await Authorize(scope, account, realm, operation, body, signer));
    auto response = co_await Call(scope, account, realm, request);
    if (response.ok() || !absl::IsUnavailable(response.status()) || attempt == kSignedAttempts ||
        scope.cancelled()) {
      co_return response;
    }
  }
}

}  // namespace labrec::recovery::client::core
