#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "hsm/base/bytes.h"

namespace labrec::recovery::client {

// Which unlock key: the one that a realm knows for this version of a record.
struct UnlockKeyName {
  std::string record;
  uint32_t version = 0;
};

struct RequestSignature {
  std::variant<std::array<uint8_t, 16>, UnlockKeyName> signer;  // a device's id, or an unlock key
  Bytes signature;                                              // r || s
};

// Somebody whose signature realms accept on a request: an enrolled device (device_key.h), or whoever knows
// the secret of a version of a record (record_authority.h). Any thread.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;
  // Over `message`, which is for this realm.
  virtual RequestSignature Sign(ByteView realm_id, ByteView message) const = 0;
};

}  // namespace labrec::recovery::client
