#pragma once

#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::hsm::pkcs11 {

// x(k*B), 32 bytes, for a key k that stays inside: all that CKM_ECDH1_DERIVE tells.
using XOracle = std::function<absl::StatusOr<SecretBytes>(const P256Point&)>;

// The most elements whose signs one further derivation settles.
inline constexpr size_t kMostPerGroup = 4;

// k*B for each element, in order, from an oracle for x alone and the public key Q = k*G.
//
// Alone, B costs two derivations: x1 = x(kB) leaves ±A; since k(B+G) = kB + Q, only the right one of them has
// x(±A + Q) = x2. A group of m costs m+1: x(k(B_1+...+B_m + G)) fits one of the 2^m sums ±A_1 ... ±A_m + Q.
// Elements that stand in a relation (B_1 = -B_2, or a sum that is -G) may leave several; those are then asked
// one by one. B = ±G is ±Q and costs nothing. `group` is the size of groups, 1 to kMostPerGroup.
//
// DATA_LOSS: no point fits what the oracle said, so it did not compute with the key of `public_key`.
// An error of the oracle is returned as it is. Pure but for the oracle.
absl::StatusOr<std::vector<P256Point>> RecoverProducts(const P256Point& public_key,
                                                       std::span<const P256Point> elements,
                                                       const XOracle& oracle, size_t group);

}  // namespace labrec::hsm::pkcs11
