#pragma once

#include <vector>

#include "recovery/client/base/config_group.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// The share of this realm in the config, if its chip counts.
const ChipShare* ChipShareOf(const RecordConfig& config, ByteView realm_id);

namespace core {

// Refills the guesses of a version that was just recovered, at the realms whose chip counts and that unlocked
// it (kGood). First each chip certifies what it counted (RealmReport::chip): where that is more than
// ExplainedUses, nothing is signed, and the error says it in words. A realm that does not prove something
// turns kFaulty; one that cannot be asked now has its error in the report. The guesses that were spent stay
// spent there until the next recovery; trying again costs nothing, as a limit that was signed twice grants
// what it granted once.
Task<> RefillChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   uint32_t own_tries, std::vector<RealmReport>& reports);

// Retires a version: its index is left without a guess, which each of these realms that counts it in its chip
// proves or not. What the chip had counted until then is judged as before a refill, and keeps nothing from
// being retired: uses that nobody explains are the person's to know.
struct Retired {
  size_t realm = 0;
  absl::Status proven;
  std::optional<ChipUses> uses;  // where the chip certified them, and it was not retired before
};
Task<std::vector<Retired>> RetireChips(Scope& scope, Account& account, const Retirement& replaced,
                                       std::vector<size_t> held);

}  // namespace core
}  // namespace labrec::recovery::client
