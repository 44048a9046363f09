#pragma once

#include <cstdint>
#include <span>

namespace labrec::sim {

// Numbers drawn from a seed (splitmix64): the same on every machine. A value: copies go on alike.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t mixed = state_ += 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }
  // 0 to bound - 1; 0 if bound is 0.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  // Both ends included.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Chance(uint64_t per_mille) { return Below(1000) < per_mille; }
  // Dice that do not influence this one any more.
  Dice Branch(uint64_t label) { return Dice(Next() ^ (label * 0xD6E8FEB86659FD93U)); }
  void Fill(std::span<uint8_t> out) {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(Next() >> 56);
  }

 private:
  uint64_t state_;
};

}  // namespace labrec::sim
