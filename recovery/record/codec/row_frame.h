#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace google::protobuf {
class MessageLite;
}

namespace labrec::recovery {

// What stands around a row's protobuf: format (1 byte) || kind (1 byte) || length (4 bytes) || message ||
// zeros.
enum class RowKind : uint8_t { kAccount = 'A', kRecord = 'R', kDiscarded = 'D' };
inline constexpr uint8_t kAccountFormat = 2;
inline constexpr uint8_t kDiscardedFormat = 1;  // discarding.h
inline constexpr uint8_t kRecordFormat = 3;
// Read still. Those before the newest have the same messages in longer steps.
inline constexpr uint8_t kFirstAccountFormat = 1;
inline constexpr uint8_t kSecondRecordFormat = 2;
inline constexpr uint8_t kFirstRecordFormat = 1;  // row_format1.h
inline constexpr size_t kRowHeaderBytes = 6;
// A row has a multiple of this many bytes. Short steps save storage; few sizes let a row take another one's
// place (recovery/store/sqlite/slots.h).
inline constexpr size_t kRowSizeStep = 256;
inline constexpr size_t kFirstRowSizeStep = 1024;  // of the earlier formats and of tombstones

// The smallest multiple of `step` that holds a header and `message_bytes`.
size_t RowSizeFor(size_t message_bytes, size_t step);

// Frames the message, serialized deterministically, in `row_bytes` bytes, which must suffice (aborts).
Bytes FrameRow(uint8_t format, RowKind kind, const google::protobuf::MessageLite& message, size_t row_bytes);

// Whether the row says that it is an account's.
bool IsAccountRow(ByteView row);

// Whether a row says that a later release wrote it: a record of a higher format than kRecordFormat, or an
// account or a tombstone of one above theirs.
bool IsOfLaterRelease(ByteView row);

// A row's first byte; 0, which is no format, if it has none.
uint8_t FormatOf(ByteView row);

// Parses the message out of its frame. Padding and canonical form are not looked at: callers encode the
// result again and compare. DATA_LOSS if it cannot be parsed; of a later release's row it says so.
absl::Status ParseRow(uint8_t format, RowKind kind, ByteView row, google::protobuf::MessageLite& message);

absl::Status BadRow(const char* what);

}  // namespace labrec::recovery
