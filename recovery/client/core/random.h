#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/client/core/host.h"

// What is made of the host's random bytes.
namespace labrec::recovery::client::core {

inline SecretBytes RandomSecret(Host& host, size_t size) {
  SecretBytes secret = SecretBytes::OfSize(size);
  host.Random(secret.mutable_view());
  return secret;
}

// Uniform up to 2^-128 (FIPS 186-5, A.2.1).
inline P256Scalar RandomScalar(Host& host) {
  return P256Scalar::ReduceToNonZero(RandomSecret(host, 48).view());
}

// How long to wait before something is repeated for the (attempt+1)-th time: uniform from 1 ms to a bound
// that starts at 50 ms, doubles with each attempt and ends at 1 s. Clients that failed together come back
// apart.
inline int64_t RetryPauseMs(Host& host, int attempt) {
  constexpr uint32_t kFirst = 50, kLongest = 1'000;
  const uint32_t bound = std::min(kLongest, kFirst << static_cast<uint32_t>(std::clamp(attempt, 0, 10)));
  std::array<uint8_t, 4> random{};
  host.Random(random);
  uint32_t number = 0;
  for (const uint8_t byte : random) number = number << 8U | byte;
  return 1 + number % bound;
}

}  // namespace labrec::recovery::client::core
