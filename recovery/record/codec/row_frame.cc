#include "recovery/record/codec/row_frame.h"

#include <cstdlib>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

std::string Serialize(const google::protobuf::MessageLite& message) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!message.SerializeToCodedStream(&coded)) std::abort();
  }
  return text;
}

// What the ledger vouches for and this release does not know was written by a later one.
absl::Status NewerRow(uint8_t found, uint8_t known) {
  return absl::DataLossError(
      absl::StrCat("a row of the realm's storage has format ", found, ", and this release knows none above ",
                   known, ": a newer release wrote it. Run that one again; nothing was changed"));
}

}  // namespace

size_t RowSizeFor(size_t message_bytes, size_t step) {
  return (kRowHeaderBytes + message_bytes + step - 1) / step * step;
}

Bytes FrameRow(uint8_t format, RowKind kind, const google::protobuf::MessageLite& message, size_t row_bytes) {
  const std::string text = Serialize(message);
  if (kRowHeaderBytes + text.size() > row_bytes) std::abort();
  Writer writer;
  writer.U8(format).U8(static_cast<uint8_t>(kind)).U32(static_cast<uint32_t>(text.size())).Raw(text);
  Bytes row = std::move(writer).Take();
  row.resize(row_bytes);
  return row;
}

bool IsAccountRow(ByteView row) {
  return row.size() > 1 && row[1] == static_cast<uint8_t>(RowKind::kAccount);
}

bool IsOfLaterRelease(ByteView row) {
  if (row.size() < 2) return false;
  switch (static_cast<RowKind>(row[1])) {
    case RowKind::kAccount:
      return row[0] > kAccountFormat;
    case RowKind::kRecord:
      return row[0] > kRecordFormat;
    case RowKind::kDiscarded:
      return row[0] > kDiscardedFormat;
  }
  return false;
}

uint8_t FormatOf(ByteView row) {
  return row.empty() ? 0 : row[0];
}

absl::Status ParseRow(uint8_t format, RowKind kind, ByteView row, google::protobuf::MessageLite& message) {
  Reader reader(row);
  const uint8_t found = reader.U8();
  if (reader.ok() && found > format) return NewerRow(found, format);
  if (reader.ok() && found != format) return BadRow("it has an unknown format number");
  if (reader.U8() != static_cast<uint8_t>(kind)) return BadRow("it is of another kind");
  const ByteView text = reader.Raw(reader.U32());
  if (!reader.ok()) return BadRow("it is cut short");
  if (!message.ParseFromArray(text.data(), static_cast<int>(text.size()))) {
    return BadRow("its message does not parse");
  }
  return absl::OkStatus();
}

absl::Status BadRow(const char* what) {
  return absl::DataLossError(std::string("a row of the realm's storage is not one that this realm wrote: ") +
                             what);
}

}  // namespace labrec::recovery
