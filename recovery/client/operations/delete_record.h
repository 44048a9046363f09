#pragma once

#include <string>
#include <vector>

#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

// recovery/client/delete_record.h says what it does.
Task<std::vector<RealmReport>> DeleteRecord(Scope& scope, Account& account, std::string record,
                                            const Signer& signer);

}  // namespace labrec::recovery::client::core
