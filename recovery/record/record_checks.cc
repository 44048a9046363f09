#include "recovery/record/record_checks.h"

#include <algorithm>

#include "recovery/record/limits.h"

namespace labrec::recovery {
namespace {

bool IsValidBegun(const RecordVersion& version) {
  return version.config.empty() && version.commitment.empty() && !version.unlock_key &&
         version.sealed_private.empty() && version.guess_limit == 0 && version.counted_elements.empty();
}

bool IsValidUsable(const RecordVersion& version) {
  return !version.config.empty() && version.config.size() <= kMostConfigBytes &&
         version.commitment.size() == kCommitmentBytes && version.unlock_key &&
         version.sealed_private.size() <= kMostSealedPrivateBytes && version.guess_limit >= 1 &&
         version.guess_limit <= kMostGuesses;
}

bool IsValidVersion(const RecordVersion& version, uint32_t highest_version) {
  if (version.number == 0 || version.registration_evaluations > kMostRegistrationEvaluations) return false;
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

bool AreGuessesValid(const Record& record) {
  size_t counted = 0;
  for (const RecordVersion& version : record.versions) counted += version.counted_elements.size();
  return record.spent <= kMostGuesses && counted <= record.spent;
}

}  // namespace

bool IsValidRecord(const Record& record) {
  return IsIdentifier(record.name.tenant) && IsIdentifier(record.name.account) &&
         IsRecordName(record.name.record) && AreOrdered(record.versions) && AreGuessesValid(record) &&
         !(record.destroyed && record.HasUsableVersion()) &&
         std::ranges::all_of(record.versions, [&](const RecordVersion& version) {
           return IsValidVersion(version, record.highest_version);
         });
}

}  // namespace labrec::recovery
