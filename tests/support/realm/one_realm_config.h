#pragma once

#include <cstdint>

#include "hsm/base/bytes.h"
#include "recovery/api/record_config.h"

namespace labrec {

// The bytes of a good config of a record that one realm holds, counted in its ledger.
inline Bytes OneRealmConfig(const recovery::RecordName& name, ByteView realm_id, uint32_t version,
                            uint32_t guess_limit) {
  recovery::RecordConfig config;
  config.name = name;
  config.version = version;
  config.threshold = 1;
  config.realms.push_back({ToBytes(realm_id), 1, Bytes(32, 's'), std::nullopt});
  config.salt = Bytes(pin::kSaltSize, 't');
  config.guess_limit = guess_limit;
  return Encode(config);
}

}  // namespace labrec
