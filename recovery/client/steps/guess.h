#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "pin/sharing/subset_search.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

// What one guess came to.
struct Guess {
  std::optional<SecretBytes> s;                  // none: nothing fits, or too few answered
  std::vector<std::optional<Bytes>> challenges;  // per realm of the set: for Unlock, where it evaluated
  // Every realm that was asked says that it does not have the version any more: no honest one counted a
  // guess.
  bool version_is_gone = false;
};

// Has the PIN evaluated at every member of `group` whose report is kGood, each with a blind of its own, and
// looks for shares that fit the commitment. `reports` (one per realm of the set) then say who evaluated
// (kGood), and who did not or wrongly. INVALID_ARGUMENT or RESOURCE_EXHAUSTED if the PIN cannot be stretched;
// no guess was spent then.
Task<Guess> MakeGuess(Scope& scope, Account& account, const ConfigGroup& group, const SecretBytes& pin,
                      std::vector<RealmReport>& reports);

// Sends a random element to these realms: where no guess is left, the realm erases the record's keys now
// instead of at the next guess. Best effort; a report turns to kDestroyed where it was done.
Task<> CloseSpent(Scope& scope, Account& account, const ConfigGroup& group, std::vector<size_t> spent,
                  std::vector<RealmReport>& reports);

}  // namespace labrec::recovery::client::core
