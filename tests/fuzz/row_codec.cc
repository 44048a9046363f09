// A row as storage gives it: what is taken is exactly what would be written. With a first byte of 0 the rest
// is a row; else it is the message of one, of either kind, that is framed and padded here, so that mutations
// reach it.

#include <cstdlib>

#include "recovery/record/accept/accepting.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_frame.h"

namespace {

using namespace labrec;
using namespace labrec::recovery;

void Require(bool holds) {
  if (!holds) std::abort();
}

// What an operator accepts is a good row, of the same name.
void Accept(ByteView row, const AcceptTerms& terms) {
  const auto accepted = AcceptRow(row, terms);
  Require(accepted.ok() == PlaceOf(row).ok());
  if (!accepted.ok() || !*accepted) return;
  Require(PlaceOf(**accepted)->key == PlaceOf(row)->key);
  const auto again = DecodeRecord(**accepted);
  if (!again.ok()) return;
  for (const RecordVersion& version : again->versions) Require(!version.usable() || version.left() <= 1);
}

void Decode(ByteView row) {
  const auto account = DecodeAccount(row);
  const auto record = DecodeRecord(row);
  // Rows of earlier formats are read, and written as those of today.
  if (account.ok() && row[0] == kAccountFormat) Require(SameBytes(EncodeAccount(*account), row));
  if (record.ok() && row[0] == kRecordFormat) Require(SameBytes(EncodeRecord(*record), row));
  Accept(row, {});
  Accept(row, {1, false, true});
}

// Rows have one of a few sizes that do not depend on the message alone.
void DecodeFramed(RowKind kind, ByteView message) {
  const uint8_t format = kind == RowKind::kAccount ? kAccountFormat : kRecordFormat;
  for (size_t more = 0; more < 8 * kRowSizeStep; more += kRowSizeStep) {
    Bytes row = {format,
                 static_cast<uint8_t>(kind),
                 0,
                 0,
                 static_cast<uint8_t>(message.size() >> 8),
                 static_cast<uint8_t>(message.size())};
    row.insert(row.end(), message.begin(), message.end());
    row.resize(RowSizeFor(message.size(), kRowSizeStep) + more);
    Decode(row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 0xFFFF) return 0;
  const ByteView bytes(data + 1, size - 1);
  if (data[0] == 0) {
    Decode(bytes);
  } else {
    DecodeFramed(data[0] % 2 == 0 ? RowKind::kAccount : RowKind::kRecord, bytes);
  }
  return 0;
}
