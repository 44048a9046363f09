#pragma once

#include "hsm/base/hash.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// What the device's freshness anchor is asked to vouch for: SHA-256 over every field of the head but its
// evidence. docs/formats.md, "Head". Aborts if realm_id is longer than 65535 bytes.
Digest HeadDigest(const HeadRow& head);

}  // namespace labrec::recovery
