#include "tests/simulation/plan.h"

namespace labrec::sim {
namespace {

void DrawDevice(Plan& plan, Dice& dice) {
  Setting& setting = plan.setting;
  const bool token = dice.Chance(400);
  setting.shape = token ? AnchorShape::kRatchet : AnchorShape::kCounter;
  setting.parallelism = token ? static_cast<int>(dice.Between(1, 3)) : 1;
  setting.command_nanos = static_cast<int64_t>(1) << dice.Between(13, 25);  // 8 us to 33 ms
}

void DrawEngine(Plan& plan, Dice& dice) {
  Setting& setting = plan.setting;
  setting.bucket_exponent = static_cast<uint32_t>(dice.Below(4));
  setting.engine.realm_name = "simulated";
  setting.engine.realm_id = Bytes(16, 0x51);
  setting.engine.batch_limit = dice.Chance(300) ? dice.Between(1, 3) : 1024;
  setting.engine.queue_limit = dice.Chance(200) ? dice.Between(1, 4) : 4096;
  if (dice.Chance(150))
    setting.engine.guess_policy.delays = {std::chrono::milliseconds(dice.Between(1, 2000))};
  setting.store.erase_after = std::chrono::milliseconds(dice.Chance(500) ? dice.Below(30) : 5000);
  setting.store.log_pages_limit = dice.Chance(300) ? static_cast<int>(dice.Between(1, 40)) : 16384;
}

// One to three kinds, or a little of all.
template <typename Rates>
void DrawKinds(Rates& rates, uint64_t most, Dice& dice) {
  if (dice.Chance(250)) {
    for (size_t kind = 1; kind < rates.size(); ++kind)
      rates[kind] = static_cast<uint32_t>(dice.Between(0, 3));
    return;
  }
  const uint64_t kinds = dice.Between(1, 3);
  for (uint64_t i = 0; i < kinds; ++i) {
    rates[dice.Between(1, rates.size() - 1)] = static_cast<uint32_t>(dice.Between(1, most));
  }
}

void DrawAccounts(Plan& plan, Dice& dice) {
  if (plan.attack == Attack::kReplay) {
    // Few guesses at few records, so that a round that gains one shows it.
    (dice.Chance(500) ? plan.hammered : plan.households) = 1;
    return;
  }
  if (plan.attack == Attack::kAccept) {
    plan.households = dice.Between(1, 2);
    return;
  }
  if (plan.attack == Attack::kCopy && dice.Chance(500)) {
    plan.households = dice.Between(1, 2);
    return;
  }
  plan.households = dice.Chance(600) ? dice.Between(1, 2) : 0;
  plan.owners = plan.attack == Attack::kCopy ? 0 : dice.Between(0, 3);
  const bool none = plan.owners + plan.households == 0;
  plan.hammered = dice.Between(none ? 1 : 0, 2);
  plan.newcomers = dice.Chance(300) ? 1 : 0;
}

}  // namespace

Plan::Plan(Dice dice) {
  DrawDevice(*this, dice);
  DrawEngine(*this, dice);
  const uint64_t kind = dice.Below(12);
  attack = kind < 4    ? Attack::kNone
           : kind < 6  ? Attack::kAccept
           : kind < 8  ? Attack::kReplay
           : kind < 10 ? Attack::kRestore
                       : Attack::kCopy;
  crashes = dice.Chance(800);
  io_faults = dice.Chance(350);
  device_faults = dice.Chance(450);
  if (dice.Chance(60)) crashes = io_faults = device_faults = false;
  constexpr uint32_t kPreemptions[] = {0, 5, 30, 100, 300};
  preempt_per_mille = kPreemptions[dice.Below(5)];
  lives = has_faults() || attack != Attack::kNone ? dice.Between(2, 6) : dice.Between(1, 2);
  calls = dice.Between(2, 8);
  DrawAccounts(*this, dice);
}

FaultRates Plan::DrawRates(Dice& dice) const {
  FaultRates rates;
  if (io_faults && dice.Chance(700)) DrawKinds(rates.io, 25, dice);
  if (device_faults && dice.Chance(700)) DrawKinds(rates.device, 25, dice);
  if (attack == Attack::kCopy && dice.Chance(600)) {
    rates.device[static_cast<size_t>(DeviceFault::kPaused)] = static_cast<uint32_t>(dice.Between(5, 80));
  }
  return rates;
}

}  // namespace labrec::sim
