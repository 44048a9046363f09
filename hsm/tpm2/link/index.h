#pragma once

#include <cstdint>

#include "hsm/base/bytes.h"

namespace labrec::hsm::tpm2 {

// The NV indices that a realm may take: the first free one of this range is used.
struct IndexRange {
  uint32_t first = 0x01800100;
  uint32_t count = 64;
};

// An index that was taken.
struct IndexState {
  uint32_t index = 0;
  Bytes name;  // of the written index
};

}  // namespace labrec::hsm::tpm2
