#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/fault/crash/guess_history.h"
#include "tests/support/realm/raw_account.h"

namespace labrec::test {

// A record under test: what its clients share.
struct SweepRecord {
  explicit SweepRecord(std::unique_ptr<RawAccount> raw) : account(std::move(raw)), history(kRawLimit) {}
  std::unique_ptr<RawAccount> account;
  GuessHistory history;
};

// One client of a crash history: random evaluations, repeats and unlocks, drawn from a seed, until its realm
// dies.
class SweepClient {
 public:
  enum class Habit {
    kOwner,   // has the record for itself and also unlocks
    kHammer,  // shares the record with others and only guesses
  };
  SweepClient(SweepRecord& record, Habit habit, uint64_t seed)
      : record_(record), habit_(habit), random_(seed) {}

  // At most `steps` calls; ends early at the first call that gets no answer. How many were answered.
  uint64_t Run(RawAccount::Stub& stub, int steps);

 private:
  bool Evaluate(RawAccount::Stub& stub);
  bool BeginUnlock(RawAccount::Stub& stub);
  bool Unlock(RawAccount::Stub& stub);
  std::string ChooseElement();

  SweepRecord& record_;
  Habit habit_;
  std::mt19937_64 random_;
  std::vector<std::string> used_;
  std::string challenge_;  // of the latest evaluation; empty if none waits
};

// Sends every open guess of the record again and settles what the realm says, until nothing is open. False if
// the realm gave no answer.
bool SettleHistory(RawAccount::Stub& stub, SweepRecord& record);

}  // namespace labrec::test
