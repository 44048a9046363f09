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
// it (kGood). A realm that does not prove it turns kFaulty; one that cannot be asked now has its error in the
// report, and the guesses that were spent stay spent there until the next recovery.
Task<> RefillChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   std::vector<RealmReport>& reports);

// Retires a version that a newer one replaces: its index is left without a guess, which each realm of
// `held` that counts it in its chip proves. What is not proven turns kPending, or kFaulty, with the error in
// the report.
Task<> RetireChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   std::vector<size_t> held, std::vector<RealmReport>& reports);

}  // namespace core
}  // namespace labrec::recovery::client
