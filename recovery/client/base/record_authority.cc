#include "recovery/client/base/record_authority.h"

#include "pin/sharing/commitment.h"

namespace labrec::recovery::client {

Bytes RecordAuthority::SignRaw(ByteView realm_id, ByteView message) const {
  return ToBytes(pin::UnlockKey(s_, realm_id, version_).Sign(message));
}

RequestSignature RecordAuthority::Sign(ByteView realm_id, ByteView message) const {
  return {UnlockKeyName{record_, version_}, SignRaw(realm_id, message)};
}

}  // namespace labrec::recovery::client
