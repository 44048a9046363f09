#pragma once

#include <cstdint>
#include <vector>

namespace labrec::recovery {

// What the operator is told about the anchor device's memory.
struct WearFigures {
  uint64_t since_start = 0;      // durable writes of this run
  uint64_t lifetime = 0;         // of all runs since counted_since_ms
  int64_t counted_since_ms = 0;  // Unix milliseconds
  double per_day = 0;            // over the last day, or since counting began
  uint64_t rated_endurance = 0;  // 0: not known
  double years_left = 0;         // infinity without a rate or a rating; 0 when the rating is reached
};

// Writes over the last day, from one sample an hour. Pure; as a std::vector.
class WearHistory {
 public:
  struct Sample {
    int64_t at_ms = 0;
    uint64_t writes = 0;  // ever, by then
    bool operator==(const Sample&) const = default;
  };
  WearHistory() = default;
  explicit WearHistory(std::vector<Sample> samples) : samples_(std::move(samples)) {}

  // Keeps a sample if the latest is an hour old; forgets those no longer needed, and those of a future that a
  // clock set back left behind.
  void Note(int64_t now_ms, uint64_t writes);
  // Writes per day since the latest sample that is at least a day old, else since the first; a history of
  // less than an hour counts as an hour.
  double PerDay(int64_t now_ms, uint64_t writes) const;
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;  // ascending
};

// Years until `lifetime` reaches `rated_endurance`.
double YearsLeft(uint64_t lifetime, uint64_t rated_endurance, double per_day);

}  // namespace labrec::recovery
