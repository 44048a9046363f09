#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace labrec::hsm {

// A device's random generator.
class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` (any length). UNAVAILABLE: the device is away; `out` is then unspecified.
  // Threads: at most Device::parallelism() calls at a time.
  virtual absl::Status Fill(std::span<uint8_t> out) = 0;
};

}  // namespace labrec::hsm
