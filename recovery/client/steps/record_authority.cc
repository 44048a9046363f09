#include "recovery/client/steps/record_authority.h"

#include "pin/commitment.h"

namespace labrec::recovery::client {

Bytes RecordAuthority::SignRaw(ByteView realm_id, ByteView message) const {
  return ToBytes(pin::UnlockKey(s_, realm_id, version_).Sign(message));
}

v1::Signature RecordAuthority::Sign(ByteView realm_id, ByteView challenge, ByteView message) const {
  v1::Signature signature;
  signature.set_challenge(ToString(challenge));
  signature.mutable_unlock_key()->set_record(record_);
  signature.mutable_unlock_key()->set_version(version_);
  signature.set_signature(ToString(SignRaw(realm_id, message)));
  return signature;
}

}  // namespace labrec::recovery::client
