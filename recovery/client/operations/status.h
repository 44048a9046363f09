#pragma once

#include <string>

#include "recovery/client/base/record_status.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/status.h says what it does.
Task<RecordStatus> GetStatus(Scope& scope, Account& account, std::string record, Least least);

}  // namespace labrec::recovery::client::core
