#include "tests/explorer/mutations.h"

#include <algorithm>

#include "tests/explorer/world.h"

namespace labrec::recovery::explorer {
namespace {

// The usable version that a new one starts from; null if there is none.
const RecordVersion* BaseOf(const MutantSet& mutants, const Record& record) {
  const RecordVersion* base = nullptr;
  for (const RecordVersion& version : record.versions) {
    if (!version.usable()) continue;
    if (version.stage == Stage::kPending && mutants.Has(Mutant::kStartWithActive)) continue;
    if (version.left() == 0 && !mutants.Has(Mutant::kStartWithUsedUp)) continue;
    const bool first = base == nullptr;
    if (first || (!mutants.Has(Mutant::kStartWithOldest) && version.left() < base->left())) base = &version;
  }
  return base;
}

bool ChangesTheStart(const MutantSet& mutants) {
  return std::ranges::any_of(
      std::initializer_list<Mutant>{Mutant::kStartFull, Mutant::kStartWithSpent, Mutant::kStartWithUsedUp,
                                    Mutant::kStartWithActive, Mutant::kStartWithOldest},
      [&](Mutant mutant) { return mutants.Has(mutant); });
}

}  // namespace

const EnrolledDevice& GoodForAll() {
  static const EnrolledDevice device{DeviceKey(kGoodForAll).DeviceId(), DeviceKey(kGoodForAll), "", 1,
                                     EnrolledBy::kFirst};
  return device;
}

void ForgetGoodForAll(std::optional<Account>& account, std::optional<Record>& record) {
  std::erase_if(account->devices, [](const EnrolledDevice& device) { return device.id == GoodForAll().id; });
  if (!record) return;
  for (RecordVersion& version : record->versions) {
    if (version.registered_by == GoodForAll().id) version.registered_by.reset();
  }
}

void UseOneLimit(Record& record) {
  const auto oldest = std::ranges::find_if(record.versions, &RecordVersion::usable);
  if (oldest == record.versions.end()) return;
  const uint32_t limit = oldest->guess_limit;
  for (RecordVersion& version : record.versions) version.guess_limit = limit;
}

void RestoreLimits(const Record& before, Record& record) {
  for (RecordVersion& version : record.versions) {
    if (const RecordVersion* old = before.Find(version.number)) version.guess_limit = old->guess_limit;
  }
}

void RestoreOtherCounts(const Record& before, uint32_t number, Record& record) {
  for (RecordVersion& version : record.versions) {
    if (version.number != number) version.spent = before.Find(version.number)->spent;
  }
}

void RestoreOlderCounts(const Record& before, Record& record) {
  for (RecordVersion& version : record.versions) {
    if (version.number != record.Newest()->number) version.spent = before.Find(version.number)->spent;
  }
}

void RefillAll(Record& record) {
  for (RecordVersion& version : record.versions) version.spent = 0;
}

void ForgetAll(Record& record) {
  for (RecordVersion& version : record.versions) version.ForgetCounted();
}

void KeepBegun(const Record& before, Record& record) {
  const RecordVersion& last = before.versions.back();
  if (last.stage == Stage::kBegun && record.Find(last.number) == nullptr) record.versions.push_back(last);
}

void CountAsActivated(RecordVersion& version, bool by_key) {
  version.spent = static_cast<uint32_t>(version.counted_elements.size());
  if (!by_key) return;
  version.spent = 0;
  version.ForgetCounted();
}

void StartAs(const MutantSet& mutants, const std::optional<Record>& before, RecordVersion& version) {
  if (mutants.Has(Mutant::kStartAsBefore)) {
    const RecordVersion* any = before ? before->Newest() : nullptr;
    version.spent = any == nullptr ? 0 : any->spent;
    return;
  }
  if (!ChangesTheStart(mutants)) return;
  version.spent = 0;
  const RecordVersion* base = before && !mutants.Has(Mutant::kStartFull) ? BaseOf(mutants, *before) : nullptr;
  if (base == nullptr) return;
  version.spent = version.guess_limit - std::min(version.guess_limit, base->left());
  if (mutants.Has(Mutant::kStartWithSpent)) version.spent = base->spent;
}

}  // namespace labrec::recovery::explorer
