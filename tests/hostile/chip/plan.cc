#include "tests/hostile/plan.h"

#include "tests/hostile/lie_dice.h"

namespace labrec::hostile {
namespace {

Liar LiarOf(const Plan& plan, sim::Dice& dice) {
  constexpr const char* kMethods[] = {
      "GetIdentity",    "ActivateCredential", "BeginRegistration", "ConfirmKey",
      "BeginChipWrite", "FinishChipWrite",    "GetRealm",          ""};
  Liar liar;
  liar.realm = static_cast<size_t>(dice.Below(plan.realms));
  liar.per_mille = static_cast<uint32_t>(dice.Between(200, 1000));
  if (dice.Chance(600)) {
    liar.trick = static_cast<ChipTrick>(dice.Between(1, static_cast<uint64_t>(ChipTrick::kCount) - 1));
    liar.per_mille = 1000;
    return liar;
  }
  liar.method = OneOf(kMethods, dice);
  if (dice.Chance(600)) {
    constexpr LieKind kKinds[] = {LieKind::kCode, LieKind::kField, LieKind::kReplay};
    liar.kind = OneOf(kKinds, dice);
  }
  return liar;
}

}  // namespace

Plan ChipPlanOf(uint64_t seed) {
  constexpr Act kActs[] = {Act::kRecover, Act::kRecover, Act::kRecoverWrong, Act::kChangePin, Act::kSeal};
  sim::Dice dice(seed ^ 0xC41FU);
  Plan plan;
  plan.seed = seed;
  plan.chips = true;
  plan.every_chip = dice.Chance(400);
  plan.guess_limit = 3;
  plan.least = {2, recovery::client::LeastFrom::kPerson};
  const Liar liar = LiarOf(plan, dice);
  plan.liars.push_back(liar);
  plan.every_chip |= liar.trick == ChipTrick::kDenied;
  Move first;
  first.act = Act::kSeal;
  // Who hides uses has to get into the record.
  first.lying = liar.trick != ChipTrick::kHidesUses && dice.Chance(500);
  first.lying |= liar.trick == ChipTrick::kDenied;
  plan.moves.push_back(first);
  const uint64_t moves = dice.Between(1, 3);
  for (uint64_t i = 0; i < moves; ++i) {
    Move move;
    move.act = OneOf(kActs, dice);
    move.pin = static_cast<uint32_t>(dice.Below(3));
    move.lying = dice.Chance(850);
    if (dice.Chance(liar.trick == ChipTrick::kHidesUses ? 700 : 150)) {
      Move thief;
      thief.act = Act::kThief;
      thief.guesses = static_cast<uint32_t>(dice.Between(1, plan.guess_limit - 1));
      plan.moves.push_back(thief);
    }
    plan.moves.push_back(move);
  }
  for (Move& move : plan.moves) move.lying |= liar.IsAnother();
  return plan;
}

}  // namespace labrec::hostile
