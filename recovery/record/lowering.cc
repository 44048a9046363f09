#include "recovery/record/lowering.h"

#include <algorithm>
#include <cstdlib>

#include "hsm/base/status_macros.h"
#include "recovery/record/codec.h"
#include "recovery/record/row_frame.h"

namespace labrec::recovery {
Record LowerRemaining(Record record, uint32_t floor) {
  if (floor == 0) std::abort();
  for (RecordVersion& version : record.versions) {
    if (!version.usable() || version.guess_limit <= floor) continue;
    version.spent = std::max(version.spent, version.guess_limit - floor);
  }
  return record;
}

absl::StatusOr<Bytes> LowerRow(ByteView row, uint32_t floor) {
  if (row.size() > 1 && row[1] == static_cast<uint8_t>(RowKind::kAccount)) {
    LABREC_ASSIGN_OR_RETURN(const Account account, DecodeAccount(row));
    return EncodeAccount(account);
  }
  LABREC_ASSIGN_OR_RETURN(Record record, DecodeRecord(row));
  return EncodeRecord(LowerRemaining(std::move(record), floor));
}

}  // namespace labrec::recovery
