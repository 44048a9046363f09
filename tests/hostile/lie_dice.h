#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/hash.h"
#include "tests/simulation/world/dice.h"

namespace labrec::hostile {

// Dice that follow from a seed and a name alone: what is drawn for one answer does not change with the
// others.
inline sim::Dice DiceFor(uint64_t seed, const std::string& name) {
  const Digest mixed = Sha256(AsBytes(absl::StrCat(seed, "/", name)));
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8U | mixed[i];
  return sim::Dice(number);
}

template <typename T, size_t N>
T OneOf(const T (&list)[N], sim::Dice& dice) {
  return list[dice.Below(N)];
}

}  // namespace labrec::hostile
