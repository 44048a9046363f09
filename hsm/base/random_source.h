#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "hsm/base/secret_bytes.h"

namespace labrec {

// Where random bytes come from that nobody can guess: fills all of `to`. For what is told by its caller which
// generator to use, as the client's core is.
using RandomSource = std::function<void(std::span<uint8_t> to)>;

// This process's own.
inline void SystemRandom(std::span<uint8_t> to) {
  const SecretBytes random = SecretBytes::Random(to.size());
  std::copy_n(random.data(), to.size(), to.data());
}

inline SecretBytes RandomSecret(const RandomSource& random, size_t size) {
  SecretBytes secret = SecretBytes::OfSize(size);
  random(secret.mutable_view());
  return secret;
}

}  // namespace labrec
