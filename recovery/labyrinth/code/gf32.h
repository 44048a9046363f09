#pragma once

#include <cstdint>

// GF(32) = GF(2)[x] / (x^5 + x^2 + 1); an element is a number from 0 to 31, addition is XOR.
namespace labrec::recovery::labyrinth {

constexpr uint8_t Gf32Times(uint8_t a, uint8_t b) {
  uint8_t product = 0;
  for (int bit = 4; bit >= 0; --bit) {
    const uint8_t carry = (product >> 4) & 1;
    product = static_cast<uint8_t>(((product << 1) & 31) ^ (carry * 0x05));
    product = static_cast<uint8_t>(product ^ (((b >> bit) & 1) * a));
  }
  return product;
}

// a^30, which is 1/a; 0 for 0.
constexpr uint8_t Gf32Inverse(uint8_t a) {
  uint8_t power = a;  // a^(2^i)
  uint8_t inverse = 1;
  for (int i = 1; i < 5; ++i) {
    power = Gf32Times(power, power);
    inverse = Gf32Times(inverse, power);
  }
  return a == 0 ? 0 : inverse;
}

}  // namespace labrec::recovery::labyrinth
