#pragma once

#include "absl/status/statusor.h"

#include "recovery/client/steps/request_signer.h"

namespace labrec::recovery::client {

inline constexpr int kSignedAttempts = 3;

// Signs `request` for this realm and sends it. After UNAVAILABLE it is signed again with a new challenge and
// sent again: realms answer OK to a signed request whose change is made already, except that DeleteRecord and
// RevokeDevice then say NOT_FOUND. Errors of RealmChannel.
template <typename Request>
auto SignedCall(const RealmSet& realms, size_t realm, Operation operation, ByteView body,
                const RequestSigner& signer, Request request, Cancellation& cancellation)
    -> decltype(realms[realm].Call(request, cancellation)) {
  for (int attempt = 1;; ++attempt) {
    auto signature = Authorize(realms, realm, operation, body, signer, cancellation);
    if (!signature.ok()) return signature.status();
    *request.mutable_authorization() = *std::move(signature);
    auto response = realms[realm].Call(request, cancellation);
    if (response.ok() || !absl::IsUnavailable(response.status()) || attempt == kSignedAttempts ||
        cancellation.cancelled()) {
      return response;
    }
  }
}

}  // namespace labrec::recovery::client
