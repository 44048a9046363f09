#include "tests/hostile/mailbox/plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "tests/simulation/world/dice.h"

namespace labrec::hostile {
namespace {

MailAct OneAct(sim::Dice& dice) {
  constexpr MailAct kActs[] = {MailAct::kSync,        MailAct::kSend,        MailAct::kSend,
                               MailAct::kRevokeThief, MailAct::kRevokeThief, MailAct::kRotate,
                               MailAct::kRestore,     MailAct::kSecondSelf};
  return kActs[dice.Below(std::size(kActs))];
}

}  // namespace

const char* NameOf(MailAct act) {
  switch (act) {
    case MailAct::kSync:
      return "sync";
    case MailAct::kSend:
      return "send";
    case MailAct::kRevokeThief:
      return "revoke the thief";
    case MailAct::kRotate:
      return "rotate";
    case MailAct::kRestore:
      return "restore";
    case MailAct::kSecondSelf:
      return "a second self of the thief";
  }
  return "";
}

MailPlan MailPlanOf(uint64_t seed) {
  sim::Dice dice(seed);
  MailPlan plan;
  plan.seed = seed;
  const bool five = dice.Chance(250);
  plan.realms = five ? 5 : 3;
  plan.threshold = five ? 3 : 2;
  // Up to N - T, and up to T - 1.
  const size_t most = std::min<size_t>(plan.realms - plan.threshold, plan.threshold - 1);
  const auto liars = static_cast<size_t>(dice.Below(most + 1));
  while (plan.liars.size() < liars) plan.liars.insert(static_cast<size_t>(dice.Below(plan.realms)));
  plan.store_lies = dice.Chance(700);
  plan.per_mille = static_cast<uint32_t>(dice.Between(50, 500));
  const size_t moves = dice.Between(2, 6);
  for (size_t i = 0; i < moves; ++i) {
    MailMove& move = plan.moves.emplace_back();
    move.act = OneAct(dice);
    move.by_laptop = dice.Chance(300);
    move.store_lies = plan.store_lies && dice.Chance(700);
    move.realms_lie = dice.Chance(700);
    const auto realm = static_cast<size_t>(dice.Below(plan.realms));
    if (dice.Chance(200) && !plan.liars.contains(realm)) move.away.insert(realm);
    const bool outage = dice.Chance(200);
    for (size_t other = 0; other < plan.realms; ++other) {
      if (outage && dice.Chance(700) && !plan.liars.contains(other)) move.gone_for_raises.insert(other);
    }
  }
  return plan;
}

std::string Describe(const MailPlan& plan) {
  std::string text =
      absl::StrCat("seed ", plan.seed, ": ", plan.realms, " realms, T = ", plan.threshold,
                   ", realms that lie: ", plan.liars.empty() ? "none" : absl::StrJoin(plan.liars, " "),
                   plan.store_lies ? "; a store that lies" : "; an honest store");
  for (const MailMove& move : plan.moves) {
    absl::StrAppend(&text, "\n  ", NameOf(move.act), move.by_laptop ? " by the laptop" : "",
                    move.store_lies ? ", the store lies" : "", move.realms_lie ? ", realms lie" : "",
                    move.away.empty() ? "" : absl::StrCat(", away: ", absl::StrJoin(move.away, " ")),
                    move.gone_for_raises.empty() ? ""
                                                 : absl::StrCat(", gone when it comes to raise: ",
                                                                absl::StrJoin(move.gone_for_raises, " ")));
  }
  return text;
}

}  // namespace labrec::hostile
