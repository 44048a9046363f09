#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Raises the record's epoch floor (docs/protocol.md, "Epoch floor"): a pure function to the next row. The
// same sequence number with the same digest changes nothing, so that a lost answer may be asked for again.
// PERMISSION_DENIED: not an enrolled device's signature; NOT_FOUND: the record is not registered;
// FAILED_PRECONDITION: a lower floor, or an equal one with another digest.
absl::StatusOr<Record> ApplyRaiseFloor(const std::optional<Account>& account,
                                       const std::optional<Record>& record, const RaiseFloor& request);

}  // namespace labrec::recovery
