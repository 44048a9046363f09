#pragma once

#include <cstdint>

#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

class Scope;

// Waits this long. CANCELLED, or DEADLINE_EXCEEDED if the scope's limit comes first.
Task<> Sleep(Scope& scope, int64_t ms);

}  // namespace labrec::recovery::client::core
