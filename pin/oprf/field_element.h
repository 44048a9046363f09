#pragma once

#include <array>
#include <cstdint>

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

// An element of the prime field of P-256, for the map to the curve: OpenSSL has no such map, and its BIGNUMs
// are not constant time. Every operation runs in the same time and reads the same memory whatever the values
// are; only exponents are public. Wiped on release. Any thread.
class FieldElement {
 public:
  FieldElement() = default;  // 0
  static FieldElement Of(uint64_t small);
  // A big-endian integer of up to 48 bytes modulo p: one coordinate of hash_to_field (RFC 9380, section 5.2).
  static FieldElement Reduce(ByteView bytes);

  FieldElement(const FieldElement&) = default;
  FieldElement& operator=(const FieldElement&) = default;
  ~FieldElement();

  // 32 bytes, big-endian, below p.
  SecretBytes ToBytes() const;

  FieldElement operator+(const FieldElement& other) const;
  FieldElement operator-(const FieldElement& other) const;
  FieldElement operator*(const FieldElement& other) const;
  FieldElement Square() const { return *this * *this; }
  FieldElement Negated() const { return FieldElement() - *this; }
  // this^exponent, the exponent being public: four words, the lowest first.
  FieldElement Power(const std::array<uint64_t, 4>& exponent) const;
  // 1 / this, and 0 for 0 (inv0 of RFC 9380).
  FieldElement Inverse() const;

  // A truth value as a mask: all bits set, or none.
  using Mask = uint64_t;
  Mask IsZero() const;
  Mask Equals(const FieldElement& other) const { return (*this - other).IsZero(); }
  // sgn0 (RFC 9380, section 4.1): the parity.
  Mask IsOdd() const;
  // `if_set` where the mask is set, else `if_clear`.
  static FieldElement Select(Mask mask, const FieldElement& if_set, const FieldElement& if_clear);

 private:
  using Words = std::array<uint64_t, 4>;
  explicit FieldElement(const Words& words) : words_(words) {}
  Words words_{};  // Montgomery form, lowest word first, below p
};

}  // namespace labrec::pin
