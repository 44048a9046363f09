#pragma once

#include "recovery/record/record.h"

namespace labrec::recovery {

// Whether the record is one that the state machine makes: names and sizes within limits.h, versions ascending
// with at most one of each stage, fields of usable versions present and those of begun ones absent.
bool IsValidRecord(const Record& record);

}  // namespace labrec::recovery
