#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// What the conditions of all realms come to, for an operation that needs `threshold` good ones. What a realm
// says is a claim. So "destroyed", "not registered" and "no guess left" are believed only of RealmsThatSettle
// realms: T that say so, and so many that too few are left.
enum class Verdict {
  kEnough,        // go on
  kLocked,        // enough once the locked ones take guesses again
  kTooFewRealms,  // it depends on realms that could not be reached
  kRefused,    // it depends on realms that answered with an error, or faultily, or hold another version; or
               // too few say the same of why they do not give it
  kUsedUp,     // no guess is left at enough realms that it cannot come back; some still have their keys
  kDestroyed,  // enough realms have destroyed it
  kNotRegistered,  // enough realms know no such record
};
Verdict Judge(const std::vector<RealmReport>& reports, uint32_t threshold);

// How many of `realms` must have activated a version before the one before it is dead, and this one does not
// fall with the device that registered it: enough to recover, and so many that too few are left for the old.
constexpr size_t RealmsThatSettle(size_t realms, uint32_t threshold) {
  return std::max<size_t>(threshold, realms < threshold ? 0 : realms - threshold + 1);
}

// When enough realms will take guesses again, in Unix milliseconds; for kLocked.
int64_t EnoughAt(const std::vector<RealmReport>& reports, uint32_t threshold);

// The error of a verdict that is one: TooFewRealmsError, or the first refusal, with its code.
absl::Status VerdictError(Verdict verdict, const std::vector<RealmReport>& reports, uint32_t threshold);

}  // namespace labrec::recovery::client
