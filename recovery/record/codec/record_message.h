#pragma once

#include "absl/status/statusor.h"

#include "recovery/api/limits.h"
#include "recovery/record/codec/row.pb.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

namespace row = ::labyrinth::recovery::row::v1;

// SHA-256 of an element, and the sealed point.
inline constexpr size_t kAnswerBytes = sizeof(Digest) + kSealedAnswerBytes;

// A record as the message of its row, in two steps: first all but what counting changes, whose size is the
// row's, then the counts.
row::RecordRow WithoutCounts(const Record& record);
void AddCounts(const Record& record, row::RecordRow& message);

// The record that the message gives; limits are not looked at. DATA_LOSS if a field has no such form. Fields
// of format 1 are not looked at either.
absl::StatusOr<Record> FromMessage(const row::RecordRow& message);

}  // namespace labrec::recovery
