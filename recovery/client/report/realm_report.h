#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace labrec::recovery::client {

// What one realm was to an operation.
enum class RealmCondition {
  kGood,           // did its part
  kPending,        // holds the version, but has not activated it yet
  kFaulty,         // answered something that cannot be right
  kOutdated,       // does not hold the version that the others agree on
  kLocked,         // takes no guess before a certain time
  kSpent,          // says that no guess is left at the version, whose keys are still there: it was not asked
  kDestroyed,      // its guesses are used up and its keys erased
  kNotRegistered,  // knows no such record
  kRefused,        // answered with an error
  kUnreachable,    // could not be talked to
  kLate,           // was not waited for: the others were enough
};
// "good", "pending", "faulty", "outdated", "locked", "spent", "destroyed", "not-registered", "refused",
// "unreachable", "late".
std::string_view ConditionName(RealmCondition condition);

// What a realm's chip certified before its guesses were to be given back, or ended with their version.
struct ChipUses {
  uint32_t counted = 0;      // since they were last given back
  uint32_t unexplained = 0;  // of these: nobody but the realm can say whose. Then nothing is given back

  bool operator==(const ChipUses&) const = default;
};

struct RealmReport {
  std::string realm;  // its name
  RealmCondition condition = RealmCondition::kUnreachable;
  absl::Status error;                 // why, where the condition alone does not say
  std::optional<uint32_t> remaining;  // guesses left there, if it said so
  int64_t locked_until_ms = 0;        // Unix milliseconds, if locked
  // Guesses since the last success that the realm says it counted, this recovery's included; if it evaluated.
  std::optional<uint32_t> tries;
  // Where a refill was tried, or a version retired, and the chip certified what it had counted.
  std::optional<ChipUses> chip;

  // The condition and error of a call that failed.
  void Failed(const absl::Status& status);
};

// How many more guesses can be made in all, each taking one at `threshold` realms: the threshold-th largest
// number of guesses left.
uint32_t TriesLeft(const std::vector<RealmReport>& reports, uint32_t threshold);

// The positions of the reports with this condition.
std::vector<size_t> RealmsThatAre(const std::vector<RealmReport>& reports, RealmCondition condition);

}  // namespace labrec::recovery::client
