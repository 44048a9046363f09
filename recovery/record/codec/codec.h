#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Rows as bytes (docs/formats.md, "Rows"). One value has exactly one encoding; those of earlier formats are
// read still. Rows are padded to a size that does not depend on how many guesses were spent, so that a
// failure and a success write rows of the same size.

// Aborts if the value breaks a limit of limits.h: the state machine never makes such a one.
Bytes EncodeAccount(const Account& account);
Bytes EncodeRecord(const Record& record);

// DATA_LOSS unless the bytes are exactly what Encode makes of some valid value.
absl::StatusOr<Account> DecodeAccount(ByteView row);
absl::StatusOr<Record> DecodeRecord(ByteView row);

}  // namespace labrec::recovery
