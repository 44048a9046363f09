#include "recovery/record/accept/discarding.h"

#include "recovery/record/codec/row.pb.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::recovery {

Bytes DiscardedRow() {
  return FrameRow(kDiscardedFormat, RowKind::kDiscarded, ::labyrinth::recovery::row::v1::RecordRow(),
                  kFirstRowSizeStep);
}

bool IsDiscardedRow(ByteView row) {
  return SameBytes(row, DiscardedRow());
}

Account DiscardedAccount(std::string_view tenant, std::string_view account) {
  Account row{std::string(tenant), std::string(account), {}, {}};
  row.discarded = true;
  return row;
}

Record DiscardedRecord(const RecordName& name) {
  Record row;
  row.name = name;
  row.destroyed = row.discarded = true;
  return row;
}

}  // namespace labrec::recovery
