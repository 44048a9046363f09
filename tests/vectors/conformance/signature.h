#pragma once

#include "hsm/base/ecdsa.h"

namespace labrec::conformance {

// ECDSA (FIPS 186-5, section 6.4.1) whose k follows from key and message. For the kit's keys only, which are
// no secret: k is not derived as RFC 6979 has it.
Bytes SameEachTime(const EcdsaPrivateKey& key, ByteView message);

}  // namespace labrec::conformance
