#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "recovery/api/request_bytes.h"
#include "recovery/client/grpc/proto.h"
#include "recovery/client/grpc/realm_set.h"

namespace labrec::recovery::client {

// Somebody whose signature realms accept on a request: an enrolled device (device_key.h), or whoever knows
// the secret of a version of a record (record_authority.h). Any thread.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;
  // The whole Signature message over `message` for this realm; `challenge` goes into the message as it is.
  virtual v1::Signature Sign(ByteView realm_id, ByteView challenge, ByteView message) const = 0;
};

// Gets a challenge from the realm and signs the request with it (docs/protocol.md, "Signed requests"). The
// signature is good once, for 60 seconds. Errors of RealmChannel.
absl::StatusOr<v1::Signature> Authorize(const RealmSet& realms, size_t realm, Operation operation,
                                        ByteView body, const RequestSigner& signer,
                                        Cancellation& cancellation);

// A challenge of 32 bytes. INTERNAL if the realm gives another.
absl::StatusOr<Bytes> NewChallenge(RealmChannel& realm, Cancellation& cancellation);

}  // namespace labrec::recovery::client
