#pragma once

#include <cstdint>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::hsm::tpm2 {

// What the device's HMAC key authenticates for an epoch:
// LP("labyrinth-recovery/v1/anchor") || LP(realm_id) || U64(epoch) || digest. docs/formats.md.
Bytes AnchorMessage(ByteView realm_id, uint64_t epoch, const Digest& digest);

// True for every message that begins as an AnchorMessage does.
bool IsAnchorMessage(ByteView message);

}  // namespace labrec::hsm::tpm2
