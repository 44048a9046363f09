#include "recovery/record/codec/record_checks.h"

#include <algorithm>

#include "recovery/api/limits.h"
#include "recovery/api/names.h"

namespace labrec::recovery {
namespace {

bool IsValidBegun(const RecordVersion& version) {
  return version.chip && version.unlock_key && IsGuessLimit(version.guess_limit) && version.spent == 0 &&
         version.config.empty() && version.commitment.empty() && version.sealed_private.empty() &&
         version.counted_elements.empty();
}

bool IsValidUsable(const RecordVersion& version) {
  return !version.config.empty() && version.config.size() <= kMostConfigBytes &&
         version.commitment.size() == kCommitmentBytes && version.unlock_key &&
         version.sealed_private.size() <= kMostSealedPrivateBytes && IsGuessLimit(version.guess_limit) &&
         version.spent <= version.guess_limit && version.counted_elements.size() <= version.spent;
}

// Each answer is to a counted element, in the order in which those were counted.
bool AreAnswersValid(const RecordVersion& version) {
  auto next = version.counted_elements.begin();
  for (const CountedAnswer& answer : version.chip->answers) {
    next = std::find(next, version.counted_elements.end(), answer.element);
    if (next == version.counted_elements.end() || answer.sealed.size() != kSealedAnswerBytes) return false;
    ++next;
  }
  return true;
}

bool IsValidChip(const RecordVersion& version) {
  const ChipPart& chip = *version.chip;
  return IsIndexHandle(chip.index) && !chip.key.empty() && chip.key.size() <= kMostChipKeyBytes &&
         chip.count <= kMostGuesses && chip.limit <= kMostGuesses && AreAnswersValid(version);
}

bool IsValidVersion(const RecordVersion& version, uint32_t highest_version) {
  if (version.number == 0) return false;
  if (version.chip && !IsValidChip(version)) return false;
  switch (version.stage) {
    case Stage::kBegun:
      return version.number > highest_version && IsValidBegun(version);
    case Stage::kPending:
    case Stage::kActive:
      return version.number <= highest_version && IsValidUsable(version);
  }
  return false;
}

// Numbers ascend, and with them come active, pending, begun in this order, each at most once.
bool AreOrdered(const std::vector<RecordVersion>& versions) {
  return std::ranges::adjacent_find(versions, [](const RecordVersion& a, const RecordVersion& b) {
           return a.number >= b.number || a.stage <= b.stage;
         }) == versions.end();
}

}  // namespace

bool IsValidRecord(const Record& record) {
  return IsIdentifier(record.name.tenant) && IsIdentifier(record.name.account) &&
         IsRecordName(record.name.record) && AreOrdered(record.versions) &&
         !(record.destroyed && record.HasUsableVersion()) && (record.destroyed || !record.discarded) &&
         std::ranges::all_of(record.versions, [&](const RecordVersion& version) {
           return IsValidVersion(version, record.highest_version);
         });
}

}  // namespace labrec::recovery
