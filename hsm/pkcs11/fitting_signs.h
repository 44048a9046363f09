#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"

namespace labrec::hsm::pkcs11 {

// All choices of signs with which ±terms[0] ± terms[1] ± ... + offset has the coordinate `x` (32 bytes): bit
// i of a choice says that terms[i] is subtracted. Tries 2^n sums of n terms, n at most 16; sums that are the
// identity have no x. For public points: not constant time. Any thread.
std::vector<uint32_t> FittingSigns(std::span<const P256Point> terms, const P256Point& offset, ByteView x);

}  // namespace labrec::hsm::pkcs11
