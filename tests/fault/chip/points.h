#pragma once

#include <algorithm>
#include <cstdlib>

namespace labrec::test {

// Every so many TPM commands a fault test of chip-enforced records lets something happen: LABREC_CRASH_STEP,
// 5 if it is not set.
inline int PointStep() {
  const char* step = std::getenv("LABREC_CRASH_STEP");
  return step == nullptr ? 5 : std::max(1, std::atoi(step));
}

}  // namespace labrec::test
