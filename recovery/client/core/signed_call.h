#pragma once

#include <utility>

#include "recovery/api/request_bytes.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/signer.h"

namespace labrec::recovery::client::core {

// What a request is signed over.
struct ChallengeToSign {
  Bytes bytes;
  bool was_held = false;  // it came with an earlier answer, and may be older than the realm remembers
};
// The challenge that is held of this realm, else a new one of 32 bytes. INTERNAL if the realm gives another.
Task<ChallengeToSign> TakeChallenge(Scope& scope, Account& account, size_t realm);

// Who signed `message` for this realm, and over which challenge, as a message.
Task<wire::Signature> Signed(Scope& scope, const Account& account, size_t realm, const Signer& signer,
                             Bytes challenge, Bytes message);

struct Authorization {
  wire::Signature signature;
  bool by_held = false;
};
// Takes a challenge of the realm and has the request signed with it (docs/protocol.md, "Signed requests").
// The signature is good once, for 60 seconds. Errors of Call, and the signer's.
Task<Authorization> Authorize(Scope& scope, Account& account, size_t realm, Operation operation, Bytes body,
                              const Signer& signer);

// Whether a signed request is to be signed and sent again after this: after UNAVAILABLE, as realms answer OK
// to a signed request whose change is made already (but DeleteRecord and RevokeDevice then say NOT_FOUND);
// and, once, where the realm did not take a challenge that was held.
inline bool IsSignedAgain(const Scope& scope, const absl::Status& status, bool by_held, int attempt) {
  if (by_held && absl::IsPermissionDenied(status)) return true;
  return absl::IsUnavailable(status) && attempt < kSignedAttempts && !scope.cancelled();
}

// Signs `request` for this realm and sends it, and again as IsSignedAgain says. Errors of Call, and the
// signer's.
template <typename Request>
Task<typename MethodOf<Request>::Response> SignedCall(Scope& scope, Account& account, size_t realm,
                                                      Operation operation, Bytes body, const Signer& signer,
                                                      Request request) {
  static_assert(MethodOf<Request>::kMethod.repeat == Repeat::kSignedAgain);
  for (int attempt = 1;; ++attempt) {
    LABREC_CO_ASSIGN_OR_RETURN(Authorization authorization,
                               co_await Authorize(scope, account, realm, operation, body, signer));
    request.authorization = std::move(authorization.signature);
    auto response = co_await Call(scope, account, realm, request);
    if (response.ok() || !IsSignedAgain(scope, response.status(), authorization.by_held, attempt)) {
      co_return response;
    }
  }
}

}  // namespace labrec::recovery::client::core
