#include "pin/oprf/field_element.h"

#include <cstdlib>

namespace labrec::pin {
namespace {

using Words = std::array<uint64_t, 4>;
__extension__ using Wide = unsigned __int128;

// p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186, section 3.2.1.3).
constexpr Words kPrime = {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001};
// 2^512 mod p: takes a number into Montgomery form.
constexpr Words kMontgomerySquare = {0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe,
                                     0x00000004fffffffd};
// p - 2: Fermat's inverse.
constexpr Words kInverseExponent = {0xfffffffffffffffd, 0x00000000ffffffff, 0x0000000000000000,
                                    0xffffffff00000001};

// Keeps the compiler from learning that a mask is all ones or zero, and from making a branch of it.
uint64_t Opaque(uint64_t value) {
  __asm__("" : "+r"(value));
  return value;
}

Words SelectWords(uint64_t mask, const Words& if_set, const Words& if_clear) {
  mask = Opaque(mask);
  Words out;
  for (size_t i = 0; i < 4; ++i) out[i] = (if_set[i] & mask) | (if_clear[i] & ~mask);
  return out;
}

// a - b modulo 2^256; `borrow` is 1 if a < b.
Words SubtractWords(const Words& a, const Words& b, uint64_t& borrow) {
  Words out;
  borrow = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Wide difference = Wide{a[i]} - b[i] - borrow;
    out[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  return out;
}

// a + b modulo 2^256.
Words AddWords(const Words& a, const Words& b, uint64_t& carry) {
  Words out;
  carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Wide sum = Wide{a[i]} + b[i] + carry;
    out[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
  return out;
}

// carry * 2^256 + words, which is below 2p, modulo p.
Words ReduceOnce(uint64_t carry, const Words& words) {
  uint64_t borrow = 0;
  const Words reduced = SubtractWords(words, kPrime, borrow);
  const uint64_t is_below = borrow & (carry ^ 1);
  return SelectWords(0 - is_below, words, reduced);
}

// a * b / 2^256 mod p by Montgomery's method, word by word, for a < p and b < 2^256. Before and after each
// round t < a + p, so that t + a * b[i] <= a * 2^64 + p < 2^320 fits into the five words. -1/p mod 2^64 is 1,
// so the multiple of p to add is the lowest word itself.
Words MontgomeryProduct(const Words& a, const Words& b) {
  std::array<uint64_t, 5> t{};
  for (size_t i = 0; i < 4; ++i) {
    Wide carry = 0;
    for (size_t j = 0; j < 4; ++j) {
      carry += Wide{a[j]} * b[i] + t[j];
      t[j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    t[4] += static_cast<uint64_t>(carry);

    const uint64_t multiple = t[0];
    carry = (Wide{multiple} * kPrime[0] + t[0]) >> 64;
    for (size_t j = 1; j < 4; ++j) {
      carry += Wide{multiple} * kPrime[j] + t[j];
      t[j - 1] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    carry += t[4];
    t[3] = static_cast<uint64_t>(carry);
    t[4] = static_cast<uint64_t>(carry >> 64);
  }
  const Words product = ReduceOnce(t[4], {t[0], t[1], t[2], t[3]});
  Wipe({reinterpret_cast<uint8_t*>(t.data()), sizeof t});
  return product;
}

}  // namespace

FieldElement::~FieldElement() {
  Wipe({reinterpret_cast<uint8_t*>(words_.data()), sizeof words_});
}

FieldElement FieldElement::Of(uint64_t small) {
  return FieldElement(MontgomeryProduct(kMontgomerySquare, {small, 0, 0, 0}));
}

FieldElement FieldElement::Reduce(ByteView bytes) {
  if (bytes.size() > 48) std::abort();
  std::array<uint64_t, 8> words{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    words[i / 8] |= uint64_t{bytes[bytes.size() - 1 - i]} << (8 * (i % 8));
  }
  const FieldElement low(MontgomeryProduct(kMontgomerySquare, {words[0], words[1], words[2], words[3]}));
  const FieldElement high(MontgomeryProduct(kMontgomerySquare, {words[4], words[5], words[6], words[7]}));
  Wipe({reinterpret_cast<uint8_t*>(words.data()), sizeof words});
  // One more factor 2^256 lifts the high words to their place.
  return low + FieldElement(MontgomeryProduct(high.words_, kMontgomerySquare));
}

SecretBytes FieldElement::ToBytes() const {
  const FieldElement plain(MontgomeryProduct(words_, {1, 0, 0, 0}));
  SecretBytes out = SecretBytes::OfSize(32);
  for (size_t i = 0; i < 32; ++i) {
    out.data()[31 - i] = static_cast<uint8_t>(plain.words_[i / 8] >> (8 * (i % 8)));
  }
  return out;
}

FieldElement FieldElement::operator+(const FieldElement& other) const {
  uint64_t carry = 0;
  const Words sum = AddWords(words_, other.words_, carry);
  return FieldElement(ReduceOnce(carry, sum));
}

FieldElement FieldElement::operator-(const FieldElement& other) const {
  uint64_t borrow = 0;
  uint64_t carry = 0;
  const Words difference = SubtractWords(words_, other.words_, borrow);
  return FieldElement(AddWords(difference, SelectWords(0 - borrow, kPrime, {}), carry));
}

FieldElement FieldElement::operator*(const FieldElement& other) const {
  return FieldElement(MontgomeryProduct(words_, other.words_));
}

FieldElement FieldElement::Power(const std::array<uint64_t, 4>& exponent) const {
  FieldElement power = Of(1);
  for (size_t bit = 256; bit-- > 0;) {
    power = power.Square();
    if ((exponent[bit / 64] >> (bit % 64) & 1) != 0) power = power * *this;
  }
  return power;
}

FieldElement FieldElement::Inverse() const {
  return Power(kInverseExponent);
}

FieldElement::Mask FieldElement::IsZero() const {
  const uint64_t any = words_[0] | words_[1] | words_[2] | words_[3];
  // The top bit of any | -any is set unless `any` is 0.
  return Opaque((any | (0 - any)) >> 63) - 1;
}

FieldElement::Mask FieldElement::IsOdd() const {
  const FieldElement plain(MontgomeryProduct(words_, {1, 0, 0, 0}));
  return 0 - (plain.words_[0] & 1);
}

FieldElement FieldElement::Select(Mask mask, const FieldElement& if_set, const FieldElement& if_clear) {
  return FieldElement(SelectWords(mask, if_set.words_, if_clear.words_));
}

}  // namespace labrec::pin
