#pragma once

#include <optional>

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "pin/oprf/field_element.h"

namespace labrec::pin {

// hash_to_curve of P256_XMD:SHA-256_SSWU_RO_ (RFC 9380, sections 3 and 8.2). nullopt if the point is the
// identity, which nobody will ever see. Any thread.
//
// Timing: the message may be a stretched PIN. Expansion, field reduction and the map run in constant time
// (field_element.h). The one addition of two points that follows is OpenSSL's, whose nistz256 code branches
// only if the two points are equal or opposite, but whose conversions drop leading zero words of a coordinate
// (probability 2^-64 each).
// The returned point is as secret as the message: wipe it with WipePoint.
std::optional<P256Point> HashToCurve(ByteView message, ByteView dst);

// map_to_curve_simple_swu for P-256 (RFC 9380, sections 6.6.2 and F.2), Z = -10. Constant time. The cofactor
// is 1, so every such point is in the group, and none is the identity.
P256Point MapToCurve(const FieldElement& u);

// HashToScalar of P256-SHA256 (RFC 9497, section 4.3): 48 expanded bytes modulo the group's order. Aborts in
// the negligible case 0. Any thread.
P256Scalar HashToScalar(ByteView message, ByteView dst);

// For the points that are not public after all.
void WipePoint(P256Point& point);

}  // namespace labrec::pin
