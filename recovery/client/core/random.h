#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hsm/base/p256.h"
#include "hsm/base/random_source.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/client/core/host.h"
#include "recovery/client/core/methods.h"

// What is made of the host's random bytes.
namespace labrec::recovery::client::core {

// Borrows the host.
inline RandomSource SourceOf(Host& host) {
  return [&host](std::span<uint8_t> to) { host.Random(to); };
}

inline SecretBytes RandomSecret(Host& host, size_t size) {
  return labrec::RandomSecret(SourceOf(host), size);
}

// Uniform up to 2^-128 (FIPS 186-5, A.2.1).
inline P256Scalar RandomScalar(Host& host) {
  return P256Scalar::ReduceToNonZero(RandomSecret(host, 48).view());
}

// How long to wait before something is repeated for the (attempt+1)-th time: uniform from 1 ms to a bound
// that doubles with each attempt (methods.h). Clients that failed together come back
// apart.
inline int64_t RetryPauseMs(Host& host, int attempt) {
  const uint32_t bound =
      std::min(kLongestPauseMs, kFirstPauseMs << static_cast<uint32_t>(std::clamp(attempt, 0, 10)));
  std::array<uint8_t, 4> random{};
  host.Random(random);
  uint32_t number = 0;
  for (const uint8_t byte : random) number = number << 8U | byte;
  return 1 + number % bound;
}

}  // namespace labrec::recovery::client::core
