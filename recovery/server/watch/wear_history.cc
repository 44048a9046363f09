#include "recovery/server/watch/wear_history.h"

#include <algorithm>
#include <limits>

namespace labrec::recovery {
namespace {

constexpr int64_t kHour = int64_t{60} * 60 * 1000;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kKept = 7 * kDay;
constexpr double kDaysPerYear = 365.25;

}  // namespace

void WearHistory::Note(int64_t now_ms, uint64_t writes) {
  std::erase_if(samples_,
                [&](const Sample& sample) { return sample.at_ms > now_ms || sample.writes > writes; });
  if (samples_.empty() || now_ms - samples_.back().at_ms >= kHour) samples_.push_back({now_ms, writes});
  while (samples_.size() > 1 && now_ms - samples_[1].at_ms >= kKept) samples_.erase(samples_.begin());
}

double WearHistory::PerDay(int64_t now_ms, uint64_t writes, int days) const {
  if (samples_.empty() || samples_.front().writes > writes) return 0;
  const int64_t asked = days * kDay;
  const Sample* since = &samples_.front();
  for (const Sample& sample : samples_) {
    if (now_ms - sample.at_ms >= asked) since = &sample;
  }
  const int64_t passed = std::max(now_ms - since->at_ms, asked);
  return static_cast<double>(writes - since->writes) * static_cast<double>(kDay) /
         static_cast<double>(passed);
}

double YearsLeft(uint64_t lifetime, uint64_t rated_endurance, double per_day) {
  if (rated_endurance == 0) return std::numeric_limits<double>::infinity();
  if (lifetime >= rated_endurance) return 0;
  if (per_day <= 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(rated_endurance - lifetime) / per_day / kDaysPerYear;
}

}  // namespace labrec::recovery
