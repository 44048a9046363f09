#pragma once

#include <optional>

#include "recovery/record/record.h"
#include "tests/explorer/mutant.h"

namespace labrec::recovery::explorer {

// What mutants do to rows before or after a real function had them.

// A device that no party has; enrolled while a mutant's authority is to be good.
inline constexpr uint8_t kGoodForAll = 9;
const EnrolledDevice& GoodForAll();
void ForgetGoodForAll(std::optional<Account>& account, std::optional<Record>& record);

// The oldest usable version's limit for all: the active one's, else the pending one's.
void UseOneLimit(Record& record);
// Gives versions that both have their limits, or counts, of `before` again.
void RestoreLimits(const Record& before, Record& record);
void RestoreOtherCounts(const Record& before, uint32_t version, Record& record);
void RestoreOlderCounts(const Record& before, Record& record);

void RefillAll(Record& record);
void ForgetAll(Record& record);
void KeepBegun(const Record& before, Record& record);
void CountAsActivated(RecordVersion& version, bool by_key);

// Sets how many guesses the new version has spent at first.
void StartAs(const MutantSet& mutants, const std::optional<Record>& before, RecordVersion& version);

}  // namespace labrec::recovery::explorer
