#pragma once

#include <string>
#include <vector>

#include "recovery/client/base/outcome.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

// recovery/client/delete_record.h says what it does.
Task<std::vector<RealmReport>> DeleteRecord(Scope& scope, Account& account, std::string record,
                                            const Signer& signer);

// The same by the unlock key of what was recovered; each chip that counts the version is left without a guess
// first. Outlives the task.
Task<std::vector<RealmReport>> DeleteRecovered(Scope& scope, Account& account, const Recovered& recovered);

}  // namespace labrec::recovery::client::core
