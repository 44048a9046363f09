#include "recovery/record/lowering.h"

#include <algorithm>
#include <cstdlib>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/record/codec.h"
#include "recovery/record/row_frame.h"

namespace labrec::recovery {
namespace {

// Stands for a guess that may have been counted and was rolled back; no element has this digest.
Digest LostGuess(uint32_t number) {
  return Sha256(Writer().Lp("labyrinth-recovery/v1/lost-guess").U32(number).bytes());
}

// Activating a version makes its counted elements all that is spent (ApplyActivate).
void LowerPending(const Record& record, RecordVersion& pending, uint32_t floor) {
  const auto counted = static_cast<uint32_t>(pending.counted_elements.size());
  const bool beside_active = std::ranges::any_of(
      record.versions, [](const RecordVersion& version) { return version.stage == Stage::kActive; });
  if (beside_active) {
    pending.guess_limit = std::min(pending.guess_limit, counted + floor);
    return;
  }
  for (uint32_t i = counted; i < record.spent && i + floor < pending.guess_limit; ++i) {
    pending.counted_elements.push_back(LostGuess(i));
  }
}

}  // namespace

Record LowerRemaining(Record record, uint32_t floor) {
  if (floor == 0) std::abort();
  if (record.destroyed || !record.HasUsableVersion()) return record;
  if (record.remaining() > floor) record.spent = record.guess_limit() - floor;
  for (RecordVersion& version : record.versions) {
    if (version.stage == Stage::kPending) LowerPending(record, version, floor);
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
