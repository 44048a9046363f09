#include "recovery/record/codec/row_format1.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/codec/record_checks.h"
#include "recovery/record/codec/record_message.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::recovery {
namespace {

// Format 1 left room for twenty elements of all versions together, and for twenty answers of a chip.
size_t FirstRoomForCounts(const Record& record) {
  constexpr size_t kCountingBytes = kMostGuesses * sizeof(Digest) + 64;
  constexpr size_t kChipCountingBytes = kMostGuesses * kAnswerBytes + 64;
  const bool chip = std::ranges::any_of(record.versions, [](const auto& version) { return !!version.chip; });
  return kCountingBytes + (chip ? kChipCountingBytes : 0);
}

// What format 1 makes of the record and of the two fields that only it has.
bool IsCanonical(const Record& record, const row::RecordRow& read, ByteView bytes) {
  row::RecordRow message = WithoutCounts(record);
  for (int i = 0; i < message.versions_size(); ++i) {
    message.mutable_versions(i)->set_registration_evaluations(read.versions(i).registration_evaluations());
  }
  const size_t row_bytes = RowSizeFor(message.ByteSizeLong() + FirstRoomForCounts(record), kFirstRowSizeStep);
  AddCounts(record, message);
  message.set_spent(read.spent());
  if (kRowHeaderBytes + message.ByteSizeLong() > row_bytes) return false;
  return SameBytes(FrameRow(kFirstRecordFormat, RowKind::kRecord, message, row_bytes), bytes);
}

// Format 1 counted by the limit of one version for all, so that a pending one may have counted more than its
// own limit.
void KeepNewest(RecordVersion& version) {
  std::vector<Digest>& elements = version.counted_elements;
  if (elements.size() <= version.spent) return;
  elements.erase(elements.begin(), elements.end() - version.spent);
  if (!version.chip) return;
  std::erase_if(version.chip->answers, [&](const CountedAnswer& answer) {
    return std::ranges::find(elements, answer.element) == elements.end();
  });
}

Record Migrated(Record record, uint32_t spent) {
  std::erase_if(record.versions,
                [](const RecordVersion& version) { return !version.usable() && !version.chip; });
  for (RecordVersion& version : record.versions) {
    version.registered_by = kUnknownRegistrar;
    if (!version.usable()) continue;
    version.spent = std::min(spent, version.guess_limit);
    KeepNewest(version);
  }
  return record;
}

bool HasOnlyFieldsOfFormat1(const row::RecordRow& message) {
  return !message.discarded() && std::ranges::all_of(message.versions(), [](const row::VersionEntry& entry) {
    return entry.spent() == 0 && entry.registered_by().empty();
  });
}

}  // namespace

absl::StatusOr<Record> DecodeFormat1(ByteView bytes) {
  row::RecordRow message;
  LABREC_RETURN_IF_ERROR(ParseRow(kFirstRecordFormat, RowKind::kRecord, bytes, message));
  LABREC_ASSIGN_OR_RETURN(const Record record, FromMessage(message));
  const bool canonical = message.spent() <= kMostGuesses && HasOnlyFieldsOfFormat1(message) &&
                         IsCanonical(record, message, bytes);
  if (!canonical) return BadRow("it is not in canonical form");
  Record migrated = Migrated(record, message.spent());
  if (!IsValidRecord(migrated)) return BadRow("a record breaks the limits");
  return migrated;
}

}  // namespace labrec::recovery
