#include "pin/guess_total.h"

#include <algorithm>

namespace labrec::pin {

std::optional<uint64_t> TestablePins(const Quorum& quorum, uint32_t limit, uint32_t corrupt) {
  if (corrupt >= quorum.threshold || quorum.threshold > quorum.realms) return std::nullopt;
  return uint64_t{quorum.realms - corrupt} * limit / (quorum.threshold - corrupt);
}

uint32_t GreatestLimit(const Quorum& quorum, uint32_t total, GuessThief thief) {
  const uint64_t limit = thief == GuessThief::kOutsider
                             ? (quorum.threshold * (uint64_t{total} + 1) - 1) / quorum.realms
                             : total / (quorum.realms - quorum.threshold + 1);
  return static_cast<uint32_t>(std::min<uint64_t>(limit, UINT32_MAX));
}

uint32_t SmallestTotal(const Quorum& quorum, GuessThief thief) {
  return thief == GuessThief::kOutsider ? quorum.realms / quorum.threshold
                                        : quorum.realms - quorum.threshold + 1;
}

}  // namespace labrec::pin
