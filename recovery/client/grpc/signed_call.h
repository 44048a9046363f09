#pragma once

#include "absl/status/statusor.h"

#include "recovery/api/request_bytes.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {

// A challenge of 32 bytes. INTERNAL if the realm gives another.
absl::StatusOr<Bytes> NewChallenge(RealmChannel& realm, Cancellation& cancellation);

// The whole message: who signed `message` for this realm, and over which challenge.
v1::Signature Signed(const RequestSigner& signer, ByteView realm_id, ByteView challenge, ByteView message);

// Gets a challenge from the realm and signs the request with it (docs/protocol.md, "Signed requests"). The
// signature is good once, for 60 seconds. Errors of RealmChannel.
absl::StatusOr<v1::Signature> Authorize(const RealmSet& realms, size_t realm, Operation operation,
                                        ByteView body, const RequestSigner& signer,
                                        Cancellation& cancellation);

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
