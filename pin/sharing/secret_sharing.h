#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

inline constexpr uint32_t kMostShares = 16;

struct Share {
  uint32_t x;  // where on the polynomials: 1..16 from Split, up to 255 in Combine
  SecretBytes bytes;
};

// Shamir's sharing of each byte over GF(2^8), polynomial x^8 + x^4 + x^3 + x + 1 (0x11B): `count` shares at x
// = 1..count, in that order. Any `threshold` of them give the secret; fewer say nothing about it.
// INVALID_ARGUMENT unless 1 <= threshold <= count <= 16. Constant time in the secret. Any thread.
absl::StatusOr<std::vector<Share>> Split(const SecretBytes& secret, uint32_t threshold, uint32_t count);

// The same with coefficients that the caller drew at random, each of the secret's size: one for each power of
// x from 1 to threshold - 1. For a client whose random bytes are its host's.
absl::StatusOr<std::vector<Share>> SplitWith(const SecretBytes& secret,
                                             const std::vector<SecretBytes>& coefficients, uint32_t count);

// The secret from exactly `threshold` shares, in any order. Nothing tells whether a share was right: the
// result of a wrong one is a random string. INVALID_ARGUMENT if there is none, if an x is 0, above 255 or
// there twice, or if the sizes differ. Constant time in the shares' bytes; the x are public.
absl::StatusOr<SecretBytes> Combine(std::span<const Share> shares);

// What the polynomials through `shares` are at `x` (0..255): the secret at 0, another realm's share
// elsewhere.
absl::StatusOr<SecretBytes> Interpolate(std::span<const Share> shares, uint32_t x);

}  // namespace labrec::pin
