#pragma once

#include <cstdint>
#include <vector>

namespace labrec::recovery {

// What the operator is told about the anchor device's memory.
struct WearFigures {
  uint64_t since_start = 0;      // durable writes of this run
  uint64_t lifetime = 0;         // of all runs since counted_since_ms
  int64_t counted_since_ms = 0;  // Unix milliseconds
  double per_day = 0;            // over the last day
  uint64_t rated_endurance = 0;  // 0: not known
  double years_left = 0;  // at the last week's rate; infinity without one or a rating; 0 when it is reached
};

// Writes over the last days, from one sample an hour for a week. A realm that began today says little of a
// year: what is shorter than the time that is asked for counts as that time, so a rate only grows with what
// has really been written. Pure; as a std::vector.
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
  // Writes per day since the latest sample that is at least `days` old (at most 7), else since the first.
  double PerDay(int64_t now_ms, uint64_t writes, int days) const;
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;  // ascending
};

// Years until `lifetime` reaches `rated_endurance`.
double YearsLeft(uint64_t lifetime, uint64_t rated_endurance, double per_day);

}  // namespace labrec::recovery
