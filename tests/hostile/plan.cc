#include "tests/hostile/plan.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "recovery/client/base/realm_address.h"
#include "tests/hostile/lie_dice.h"

namespace labrec::hostile {
namespace {

using recovery::client::LeastFrom;

constexpr const char* kMethods[] = {"GetRecord",          "Evaluate",   "BeginUnlock",  "Unlock",
                                    "BeginRegistration",  "Activate",   "GetChallenge", "GetRealm",
                                    "FinishRegistration", "GetIdentity"};

// One that always tells the same lie, of those that clients fell for.
Liar Stubborn(size_t realm, sim::Dice& dice) {
  constexpr uint32_t kAlways = 1000;
  switch (dice.Below(5)) {
    case 0:
      return {realm, kAlways, LieKind::kMany, ""};
    case 1:
      return {realm, kAlways, LieKind::kClaim, "GetRecord"};
    case 2:
      return {realm, kAlways, LieKind::kCode, "Evaluate"};
    case 3:
      return {realm, kAlways, LieKind::kCode, "GetIdentity"};
    default:
      return {realm, kAlways, LieKind::kOtherKey, ""};
  }
}

// Up to N-T of the realms, and up to T-1.
std::vector<Liar> Liars(const Plan& plan, sim::Dice& dice) {
  const uint64_t most = std::max<uint64_t>(plan.realms - plan.threshold, plan.threshold - 1);
  const uint64_t count = dice.Chance(100) ? 0 : dice.Between(most > 0 ? 1 : 0, most);
  std::vector<size_t> realms(plan.realms);
  std::iota(realms.begin(), realms.end(), size_t{0});
  std::vector<Liar> liars;
  for (uint64_t i = 0; i < count; ++i) {
    const auto at = realms.begin() + static_cast<ptrdiff_t>(dice.Below(realms.size()));
    Liar liar;
    liar.realm = *at;
    realms.erase(at);
    constexpr uint32_t kRates[] = {100, 400, 1000};
    liar.per_mille = OneOf(kRates, dice);
    if (dice.Chance(600))
      liar.kind = static_cast<LieKind>(dice.Below(static_cast<uint64_t>(LieKind::kCount)));
    if (dice.Chance(350)) liar.method = OneOf(kMethods, dice);
    if (liar.kind == LieKind::kForged) liar.method.clear();
    if (dice.Chance(250)) liar = Stubborn(liar.realm, dice);
    liars.push_back(liar);
  }
  // Who makes a version up does it together.
  if (dice.Chance(200)) {
    for (Liar& liar : liars) liar = {liar.realm, 1000, LieKind::kForged, ""};
  }
  return liars;
}

Move MoveOf(const Plan& plan, sim::Dice& dice) {
  constexpr Act kActs[] = {Act::kSeal,         Act::kRecover,   Act::kRecover, Act::kRecover,
                           Act::kRecoverWrong, Act::kChangePin, Act::kHeal,    Act::kStatus,
                           Act::kEnroll,       Act::kRevoke,    Act::kThief,   Act::kRecover};
  Move move;
  move.act = OneOf(kActs, dice);
  move.pin = static_cast<uint32_t>(dice.Below(3));
  move.lying = dice.Chance(850);
  move.everywhere = dice.Chance(250);
  move.forged_threshold = static_cast<uint32_t>(dice.Between(1, std::max<size_t>(plan.liars.size(), 1)));
  move.forger_knows_pin = dice.Chance(700);
  move.guesses = static_cast<uint32_t>(dice.Between(1, plan.guess_limit));
  for (size_t i = 0; i < plan.realms; ++i) {
    const bool lies = std::ranges::any_of(plan.liars, [&](const Liar& liar) { return liar.realm == i; });
    if (!lies && dice.Chance(60)) move.away.insert(i);
  }
  return move;
}

}  // namespace

const char* NameOf(LieKind kind) {
  constexpr const char* kNames[] = {"code",    "field", "replay",    "claim", "forged",
                                    "silence", "late",  "other-key", "many"};
  return kNames[static_cast<size_t>(kind)];
}

const char* NameOf(ChipTrick trick) {
  constexpr const char* kNames[] = {
      "as it is",       "another one",    "another one with this one's certificate",
      "hides uses",     "writes nothing", "a key outside of it",
      "said to be none"};
  return kNames[static_cast<size_t>(trick)];
}

const char* NameOf(Act act) {
  constexpr const char* kNames[] = {"seal",           "recover",   "recover with a wrong PIN",
                                    "change the PIN", "heal",      "status",
                                    "enrol a device", "revoke it", "a thief guesses"};
  return kNames[static_cast<size_t>(act)];
}

Plan PlanOf(uint64_t seed) {
  sim::Dice dice(seed);
  Plan plan;
  plan.seed = seed;
  constexpr size_t kSizes[] = {1, 2, 3, 3, 3, 3, 4, 5};
  plan.realms = OneOf(kSizes, dice);
  plan.threshold = static_cast<uint32_t>(dice.Between(1, plan.realms));
  if (dice.Chance(400)) plan.threshold = recovery::client::Majority(plan.realms);
  plan.guess_limit = static_cast<uint32_t>(dice.Between(1, 4));
  plan.least.realms = recovery::client::Majority(plan.realms);
  if (dice.Chance(500)) plan.least = {plan.threshold, LeastFrom::kPerson};
  plan.demands_proof = dice.Chance(250);
  plan.liars = Liars(plan, dice);
  Move first;
  first.act = Act::kSeal;
  first.everywhere = dice.Chance(500);
  first.lying = dice.Chance(300);
  plan.moves.push_back(first);
  const uint64_t moves = dice.Between(1, 4);
  for (uint64_t i = 0; i < moves; ++i) plan.moves.push_back(MoveOf(plan, dice));
  Move last;
  last.act = Act::kRecover;
  last.lying = dice.Chance(700);
  plan.moves.push_back(last);
  return plan;
}

std::string Describe(const Plan& plan) {
  std::string text =
      absl::StrCat("seed ", plan.seed, ": ", plan.threshold, " of ", plan.realms, " realms, ",
                   plan.guess_limit, " guesses; the client asks for ", plan.least.realms,
                   plan.least.from == LeastFrom::kPerson ? " (said by the person)" : " (a majority)",
                   plan.demands_proof ? ", and for proofs" : "", plan.chips ? "; chips count" : "",
                   plan.every_chip ? " at every realm" : "");
  for (const Liar& liar : plan.liars) {
    absl::StrAppend(&text, "\n  realm ", liar.realm, " lies, ", liar.per_mille, " in 1000",
                    liar.kind ? ": " : "", liar.kind ? NameOf(*liar.kind) : "",
                    liar.method.empty() ? "" : ", to ", liar.method,
                    liar.trick == ChipTrick::kNone ? "" : "; its chip: ",
                    liar.trick == ChipTrick::kNone ? "" : NameOf(liar.trick));
  }
  return text;
}

}  // namespace labrec::hostile
