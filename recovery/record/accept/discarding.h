#pragma once

#include <string>
#include <string_view>

#include "hsm/base/bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// The row that takes the place of one which nobody vouched for as an operator accepted the storage. It has no
// name, as names could not be believed either: it is an account without devices, or a destroyed record,
// whichever its address is asked for. docs/formats.md, "Rows".
Bytes DiscardedRow();
bool IsDiscardedRow(ByteView row);

// What it is under the name that led to it. Only an operator enrols the account's next device.
Account DiscardedAccount(std::string_view tenant, std::string_view account);
Record DiscardedRecord(const RecordName& name);

}  // namespace labrec::recovery
