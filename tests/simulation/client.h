#pragma once

#include <vector>

#include "tests/simulation/account.h"

namespace labrec::sim {

// One client of an account: calls drawn from dice, each told to the account's history. A thread of its own.
class Client {
 public:
  enum class Habit {
    kOwner,     // has the account for itself: guesses, unlocks, raises the floor
    kHammer,    // shares the account, and guesses to its end
    kNewcomer,  // registers it
  };
  Client(Universe& universe, Account& account, Habit habit, Dice dice)
      : universe_(universe), account_(account), habit_(habit), dice_(dice) {}

  // At most `calls` calls; ends early when the process dies.
  void Run(Realm& realm, uint64_t calls);

  // What the realm says of the account at rest, against what its clients were told. False: no answer.
  static bool Settle(Universe& universe, Realm& realm, Account& account);
  // Sends an element and tells the history what came of it.
  static absl::Status Guess(Universe& universe, Realm& realm, Account& account, const Bytes& element,
                            std::chrono::steady_clock::time_point deadline,
                            std::optional<recovery::Challenge>* challenge = nullptr);

 private:
  absl::Status Step(Realm& realm);
  absl::Status OwnerStep(Realm& realm);
  absl::Status GuessSome(Realm& realm);
  absl::Status Unlock(Realm& realm);
  absl::Status RaiseFloor(Realm& realm);
  Bytes ChooseElement();

  Universe& universe_;
  Account& account_;
  const Habit habit_;
  Dice dice_;
  std::vector<Bytes> used_;
  std::optional<recovery::Challenge> challenge_;
  bool in_doubt_ = true;  // what the record holds is not known, as at first: an unlock was not answered
  bool unlock_lost_ = false;
};

}  // namespace labrec::sim
