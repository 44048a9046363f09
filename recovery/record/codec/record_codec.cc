#include <cstdlib>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/record_checks.h"
#include "recovery/record/codec/record_message.h"
#include "recovery/record/codec/row_format1.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::recovery {
namespace {

// Room for the fields that count and time guesses, and the longer lengths around them.
constexpr size_t kRecordCountsBytes = 64;
constexpr size_t kVersionCountsBytes = 24;

// Room for everything that counting changes: as many elements as a version may have counted, and as many
// answers of the chip, as no element is answered that was not counted.
size_t RoomForCounts(const Record& record) {
  size_t room = kRecordCountsBytes;
  for (const RecordVersion& version : record.versions) {
    room += kVersionCountsBytes + version.guess_limit * sizeof(Digest);
    if (version.chip) room += version.guess_limit * kAnswerBytes;
  }
  return room;
}

Bytes EncodeRecordAs(const Record& record, uint8_t format) {
  const size_t step = format == kRecordFormat ? kRowSizeStep : kFirstRowSizeStep;
  row::RecordRow message = WithoutCounts(record);
  const size_t row_bytes = RowSizeFor(message.ByteSizeLong() + RoomForCounts(record), step);
  AddCounts(record, message);
  return FrameRow(format, RowKind::kRecord, message, row_bytes);
}

}  // namespace

Bytes EncodeRecord(const Record& record) {
  if (!IsValidRecord(record)) std::abort();
  return EncodeRecordAs(record, kRecordFormat);
}

absl::StatusOr<Record> DecodeRecord(ByteView bytes) {
  if (FormatOf(bytes) == kFirstRecordFormat) return DecodeFormat1(bytes);
  const uint8_t format = FormatOf(bytes) == kSecondRecordFormat ? kSecondRecordFormat : kRecordFormat;
  row::RecordRow message;
  LABREC_RETURN_IF_ERROR(ParseRow(format, RowKind::kRecord, bytes, message));
  LABREC_ASSIGN_OR_RETURN(Record record, FromMessage(message));
  if (!IsValidRecord(record)) return BadRow("a record breaks the limits");
  if (!SameBytes(EncodeRecordAs(record, format), bytes)) return BadRow("it is not in canonical form");
  return record;
}

}  // namespace labrec::recovery
