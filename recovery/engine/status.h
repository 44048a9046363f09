#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "hsm/description.h"

namespace labrec::recovery {

// How the engine does, as of now.
struct EngineStatus {
  bool serving = false;
  std::string not_serving_reason;
  uint64_t epoch = 0;
  uint64_t records = 0;
  uint64_t discontinuities = 0;
  uint64_t queue_depth = 0;
  uint64_t guesses_counted = 0;  // since start
  uint64_t batches = 0;          // anchored since start
  std::chrono::milliseconds oldest_device_call{
      0};  // how long the oldest of those under way takes; 0: none is
  hsm::DeviceDescription device;
  hsm::AnchorWear anchor;
  std::optional<hsm::CountedCapacity> chip;  // where the chip can count
  uint64_t chip_registrations = 0;           // begun and not finished: each holds an index
  std::string no_chip_reason;                // where it cannot
};

}  // namespace labrec::recovery
