#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "hsm/base/secret_bytes.h"

namespace labrec {

// Fresh random bytes that need not stay secret: nonces, challenges, ids. Aborts if the generator fails.
template <size_t kSize>
std::array<uint8_t, kSize> RandomArray() {
  const SecretBytes random = SecretBytes::Random(kSize);
  std::array<uint8_t, kSize> array;
  std::ranges::copy(random.view(), array.begin());
  return array;
}

}  // namespace labrec
