#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace labrec::recovery {

// How often attestation may take the device's time, over any minute. Zero: never.
struct AttestationLimits {
  uint32_t per_minute = 20;
  uint32_t per_minute_and_account = 5;
};

// How many registrations may hold room in the chip before they are finished, and for how long.
struct ChipRegistrationLimits {
  size_t altogether = 16;  // no device keeps more open write sessions
  size_t of_an_account = 2;
  std::chrono::seconds kept_for{300};  // not given up sooner, but for a newer one of the same account
};

}  // namespace labrec::recovery
