#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// A record row of format 1, in which one count stood for all versions, read as the record of today: each
// usable version has that count, or its own limit if that is less, and counted elements above it are dropped,
// the oldest first. Versions that the ledger counts and that were only begun are dropped: they have no row
// any more, and are begun again. Who registered a version is not known (kUnknownRegistrar). The row is
// written in the newest format when it changes next. DATA_LOSS unless the bytes are exactly what format 1
// makes of some record.
absl::StatusOr<Record> DecodeFormat1(ByteView row);

}  // namespace labrec::recovery
