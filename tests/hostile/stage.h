#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attestation/verify/ek/trust.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/host.h"
#include "recovery/client/core/running.h"
#include "tests/hostile/chip/tricks.h"
#include "tests/hostile/driver.h"
#include "tests/hostile/forgery.h"
#include "tests/hostile/plan.h"
#include "tests/hostile/realm.h"
#include "tests/hostile/report.h"

namespace labrec::hostile {

inline constexpr size_t kStageRealms = 5;

// The realms that tell the truth, for any number of stories: each has an account of its own.
struct World {
  // On the model of a device, which is fast and has no chip that counts; or so many on software TPMs.
  World();
  explicit World(size_t chips);

  HandClock clock;
  std::vector<std::unique_ptr<test::SimulatedDevice>> tpms;
  std::vector<std::unique_ptr<TrueRealm>> realms;
  std::optional<attestation::EkTrust> chip_roots;  // who vouches for the chips

  // What stands in a realm's place on another chip.
  TrueRealm& Other(size_t realm);

 private:
  TrueRealm& OnATpm(size_t number, std::unique_ptr<TrueRealm>& to);
  std::map<size_t, std::unique_ptr<TrueRealm>> others_;
};

// One call, and what came of it.
struct Sent {
  size_t realm = 0;
  std::string method;
  Bytes body;
  bool token_is_right = true;
  bool may_be_sent = true;                             // no proof was missing
  std::optional<recovery::client::core::Reply> truth;  // what the true realm did, if it was asked
  std::string came;                                    // in words
  bool came_on_proven_key = false;
  bool is_too_long = false;  // a list in what came is longer than any realm's
};

// The core's host for one story: true realms behind liars.
class Stage final : public recovery::client::core::Host {
 public:
  // Borrows. Lies in `unsaid` are not told.
  Stage(World& world, const Plan& plan, const std::set<LieName>& unsaid, std::string account);

  // The move that comes: who lies, who is away, and which PIN the owner will enter.
  void Begin(size_t move, std::string entered_pin);
  std::unique_ptr<recovery::client::core::Account> NewAccount();
  template <typename T, typename Make>
  std::optional<typename recovery::client::core::Task<T>::Result> Run(const Make& make);

  const Bytes& IdOf(size_t realm) const { return world_.realms[realm]->id(); }
  // The realm, or what the liar has put in its place.
  TrueRealm& At(size_t realm) const;
  // Whether the liar showed a key outside of its chip for this version.
  bool IsOutsideOfChip(size_t realm, uint32_t version) const {
    return tricks_.IsOutsideOfChip(realm, version);
  }
  void StopLying() { lying_.clear(); }
  bool IsLiar(size_t realm) const { return lying_.contains(realm); }
  bool IsAway(size_t realm) const { return away_.contains(realm); }
  // How many lie during this move.
  size_t liars() const { return lying_.size(); }
  const std::string& account() const { return account_; }
  // From now on a proof is demanded of all realms, and these have given it.
  void Demand(const std::set<size_t>& proven);

  std::vector<Sent> sent;  // during this move
  std::string stuck;       // why the operation did not end
  std::vector<LieName> lies;
  std::optional<uint32_t> forged_version;  // that was shown during this move

  void Random(std::span<uint8_t> to) override { random_.Fill(to); }
  int64_t UnixMillis() override { return world_.clock.NowMillis(); }

 private:
  using Reply = recovery::client::core::Reply;
  using CallStep = recovery::client::core::CallStep;
  struct Answer {
    std::optional<Reply> reply;
    int64_t after_ms = 0;
  };

  std::optional<Driver::Due> Call(const CallStep& call);
  Answer Truly(const CallStep& call, Sent& one, sim::Dice& dice);
  Answer Lie(const Liar& liar, LieKind kind, const CallStep& call, Sent& one, sim::Dice& dice);
  Answer Forged(const Liar& liar, const CallStep& call, Sent& one, sim::Dice& dice);
  Answer ByTrick(ChipTrick trick, const CallStep& call, Sent& one, sim::Dice& dice, bool& lied);
  Reply TooLong(const CallStep& call, Sent& one, sim::Dice& dice);
  static std::optional<Reply> Claim(const CallStep& call, const Reply& truth, sim::Dice& dice);
  const Reply& Truth(const CallStep& call, Sent& one);
  std::array<uint8_t, 32> KeyOf(size_t realm) const;

  World& world_;
  const Plan& plan_;
  const std::set<LieName>& unsaid_;
  const std::string account_;
  sim::Dice random_;
  size_t move_ = 0;
  std::string entered_pin_;
  std::map<size_t, Liar> lying_;
  std::set<size_t> away_;
  bool demanded_ = false;
  std::set<size_t> proven_;
  std::map<size_t, std::string> tokens_;  // the latest
  std::map<std::string, int> occurrences_;
  std::map<std::string, std::vector<Reply>> history_;  // by method
  std::unique_ptr<Forgery> forgery_;
  ChipTricks tricks_;
};

template <typename T, typename Make>
std::optional<typename recovery::client::core::Task<T>::Result> Stage::Run(const Make& make) {
  const auto account = NewAccount();
  recovery::client::core::Running<T> running(
      [&](recovery::client::core::Scope& scope) { return make(scope, *account); });
  Driver driver(
      sim::Dice(plan_.seed * 31 + move_), [&](const CallStep& call) { return Call(call); },
      [&](const recovery::client::core::TokenStep& token) {
        return tokens_[token.realm] = At(token.realm).Token(account_);
      });
  switch (driver.Drive(running)) {
    case Driver::End::kDone:
      return running.Take();
    case Driver::End::kWaitsForNothing:
      stuck = "it waits for nothing";
      break;
    case Driver::End::kWithoutEnd:
      stuck = "it does not end";
      break;
  }
  running.Cancel();
  driver.Drive(running);
  return std::nullopt;
}

}  // namespace labrec::hostile
