#include "recovery/record/rules/chip.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/rules/erasure.h"

namespace labrec::recovery {
namespace {

absl::Status NotThere(uint32_t version) {
  return absl::NotFoundError("version " + std::to_string(version) +
                             " of the record is not here, or its guesses are not counted by the chip");
}

RecordVersion* FindChip(Record& record, const ChipVersion& which) {
  RecordVersion* version = record.Find(which.version);
  return version != nullptr && version->chip && version->chip->index == which.index ? version : nullptr;
}

bool HasNewer(const Record& record, uint32_t version) {
  return std::ranges::any_of(
      record.versions, [&](const RecordVersion& other) { return other.usable() && other.number > version; });
}

// Where the element stands among those counted.
size_t Place(const RecordVersion& version, const Digest& element) {
  const auto found = std::ranges::find(version.counted_elements, element);
  return static_cast<size_t>(found - version.counted_elements.begin());
}

void Keep(RecordVersion& version, CountedAnswer answer) {
  if (Place(version, answer.element) == version.counted_elements.size()) return;
  std::vector<CountedAnswer>& answers = version.chip->answers;
  const auto before = std::ranges::find_if(answers, [&](const CountedAnswer& other) {
    return Place(version, other.element) >= Place(version, answer.element);
  });
  if (before != answers.end() && before->element == answer.element) return;
  answers.insert(before, std::move(answer));
}

}  // namespace

absl::StatusOr<uint32_t> GrantOf(const std::optional<Record>& record, uint32_t number, uint32_t limit) {
  const RecordVersion* version = record ? record->Find(number) : nullptr;
  if (version == nullptr || !version->chip) return NotThere(number);
  if (limit == 0 && version->usable()) return 0;
  if (limit == 0) {
    return absl::FailedPreconditionError("version " + std::to_string(number) +
                                         " is not retired: it is not registered yet");
  }
  if (version->chip->limit != 0) return version->guess_limit;
  if (limit == kMostRegistrationEvaluations) return limit;
  return absl::FailedPreconditionError("the first limit to write is 2, not " + std::to_string(limit));
}

absl::StatusOr<Record> ApplyChipWritten(const std::optional<Record>& record, const ChipWritten& written) {
  if (!record) return NotThere(written.version.version);
  Record next = *record;
  RecordVersion* version = FindChip(next, written.version);
  if (version == nullptr) return NotThere(written.version.version);
  version->chip->answers.clear();
  if (written.granted > 0) {
    version->chip->count = 0;
    version->chip->limit = written.granted;
  } else if (HasNewer(next, written.version.version)) {
    EraseVersion(next, written.version.version);
  } else {
    version->chip->count = version->chip->limit;
  }
  return next;
}

absl::StatusOr<Record> ApplyChipEvaluated(const std::optional<Record>& record,
                                          const ChipEvaluated& evaluated) {
  if (!record) return NotThere(evaluated.version.version);
  Record next = *record;
  RecordVersion* version = FindChip(next, evaluated.version);
  if (version == nullptr) return NotThere(evaluated.version.version);
  version->chip->count = std::min(evaluated.count, kMostGuesses);
  version->chip->limit = std::min(evaluated.limit, kMostGuesses);
  if (evaluated.answer) Keep(*version, *evaluated.answer);
  return next;
}

absl::StatusOr<Record> ApplyChipSpent(const std::optional<Record>& record, const ChipSpent& spent) {
  if (!record) return NotThere(spent.version.version);
  Record next = *record;
  if (FindChip(next, spent.version) == nullptr) return NotThere(spent.version.version);
  return WithoutVersion(next, spent.version.version);
}

absl::StatusOr<Record> ApplyChipGivenUp(const std::optional<Record>& record, const ChipVersion& begun) {
  if (!record) return NotThere(begun.version);
  Record next = *record;
  const RecordVersion* version = FindChip(next, begun);
  if (version == nullptr) return NotThere(begun.version);
  if (version->usable()) {
    return absl::FailedPreconditionError("version " + std::to_string(begun.version) +
                                         " of the record is registered: it is not given up");
  }
  EraseVersion(next, begun.version);
  return next;
}

const CountedAnswer* FindAnswer(const RecordVersion& version, const Digest& element) {
  if (!version.chip) return nullptr;
  const auto found = std::ranges::find(version.chip->answers, element, &CountedAnswer::element);
  return found == version.chip->answers.end() ? nullptr : &*found;
}

}  // namespace labrec::recovery
