#include "tests/simulation/story.h"

#include <algorithm>
#include <thread>

#include "recovery/ledger/ledger.h"

namespace labrec::sim {
namespace {

std::string StatusText(const absl::Status& status) {
  return status.ToString();
}

}  // namespace

Story::Story(Universe& universe, const Plan& plan)
    : universe_(universe),
      plan_(plan),
      dice_(universe.dice().Branch(2)),
      chip_(dice_.Next()),
      home_(Folder("a")) {}

void Story::Tell() {
  universe_.attacked = plan_.attack != Attack::kNone;
  universe_.refused_may_return = plan_.attack == Attack::kReplay;
  Begin();
  for (uint64_t life = 0; life < plan_.lives && universe_.violations().empty() && !spoilt_; ++life) {
    for (int tries = 0; tries < 4 && plan_.attack == Attack::kRestore && life > 0; ++tries) {
      if (!SetBack()) break;
    }
    if (plan_.attack == Attack::kReplay && life > 0) Replay();
    if (plan_.attack == Attack::kAccept && life > 0 && dice_.Chance(600)) AcceptCopy();
    Live();
  }
  if (!spoilt_) End();
  for (Account* account : all_) {
    for (const std::string& violation : account->history().Violations()) {
      universe_.Violation(account->name() + ": " + violation);
    }
  }
}

std::unique_ptr<Realm> Story::NewRealm(const std::filesystem::path& folder, bool with_faults) {
  Process& process = universe_.NewProcess(folder);
  int64_t skew = 0;
  if (with_faults) {
    process.rates = plan_.DrawRates(dice_);
    if (plan_.crashes && dice_.Chance(850)) {
      // Soon, or much later; often while it starts.
      process.dies_at = dice_.Chance(300) ? dice_.Between(1, 45)
                                          : (uint64_t{1} << dice_.Between(0, 9)) +
                                                dice_.Below(uint64_t{1} << dice_.Between(0, 9));
      process.dies_after = dice_.Chance(500);
    }
    if (dice_.Chance(200)) skew = static_cast<int64_t>(dice_.Below(200'000)) - 100'000;
  }
  return std::make_unique<Realm>(universe_, chip_, plan_.setting, process, skew);
}

void Story::Begin() {
  std::filesystem::create_directories(home_);
  {
    const auto maker = NewRealm(home_, false);
    if (const absl::Status made = maker->Create(); !made.ok())
      universe_.Violation("create: " + StatusText(made));
  }
  const auto make = [&](auto& accounts, uint64_t count, const char* kind) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t most = plan_.attack == Attack::kReplay ? 2 : 8;
      const auto limit = static_cast<uint32_t>(dice_.Between(plan_.attack == Attack::kReplay ? 1 : 2, most));
      accounts.push_back(std::make_unique<Account>(kind + std::to_string(i), limit));
      all_.push_back(accounts.back().get());
    }
  };
  make(owned_, plan_.owners, "owner-");
  make(hammered_, plan_.hammered, "hammered-");
  make(newcomers_, plan_.newcomers, "newcomer-");
  for (uint64_t i = 0; i < plan_.households; ++i) {
    const uint32_t most = plan_.attack == Attack::kReplay ? 2 : 3;
    households_.push_back(std::make_unique<Household>(universe_, "household-" + std::to_string(i), most,
                                                      plan_.setting.engine.guess_policy,
                                                      dice_.Branch(10 + i)));
  }
  {
    const auto realm = NewRealm(home_, false);
    if (!Start(*realm)) return;
    for (const auto* accounts : {&owned_, &hammered_}) {
      for (const auto& account : *accounts) {
        const absl::Status set_up = account->SetUp(*realm);
        if (!set_up.ok()) universe_.Violation("registering in peace: " + StatusText(set_up));
      }
    }
    for (const auto& household : households_) household->SetUp(*realm);
  }
  universe_.disk().Put(home_, universe_.disk().Look(home_));
}

// What a start may say: OK, if storage holds the device's epoch or the next, and then nothing that was
// acknowledged is missing; a refusal, after an attack; an error, after a fault.
bool Story::Start(Realm& realm) {
  const uint64_t device = EpochOf(chip_, plan_.setting.shape);
  if (device == 0) universe_.Violation("the token is left without a key of its ratchet");
  const absl::Status started = realm.Start();
  const Process& process = realm.process();
  universe_.scheduler().Say("    start of process " + std::to_string(process.id) + ": " + started.ToString());
  universe_.scheduler().Note("started", static_cast<uint64_t>(started.code()), device);
  const bool at_peace = std::ranges::all_of(process.rates.io, [](uint32_t rate) { return rate == 0; }) &&
                        std::ranges::all_of(process.rates.device, [](uint32_t rate) { return rate == 0; }) &&
                        !process.dead;
  if (started.ok()) {
    const uint64_t found = realm.found_epoch().value_or(0);
    if (found < device || found > device + 1) universe_.Violation("a state of another epoch was taken up");
    universe_.Count("starts");
    return true;
  }
  // Beside another process: that one counted meanwhile, or has taken the very key of a token, which looks as
  // if it were away.
  const bool lost_race =
      plan_.attack == Attack::kCopy && (absl::IsUnavailable(started) || absl::IsInternal(started));
  if (may_be_refused_ && (absl::IsDataLoss(started) || lost_race)) {
    universe_.Count("set back, and refused");
  } else if (at_peace) {
    universe_.Violation("a start was refused without an attack or a fault: " + StatusText(started));
  } else {
    universe_.Count("starts that failed by a fault");
  }
  return false;
}

void Story::Live() {
  auto realm = NewRealm(home_, true);
  const bool serves = Start(*realm);
  std::unique_ptr<Realm> copy;
  if (serves && plan_.attack != Attack::kCopy) SettleAll(*realm);
  if (serves && plan_.attack == Attack::kCopy) {
    other_ = home_ == Folder("a") ? Folder("b") : Folder("a");
    universe_.disk().Put(other_, universe_.disk().Look(home_));
    copy = NewRealm(other_, true);
  }
  if (serves) RunClients(*realm, copy.get());
  Retire(std::move(realm));
  if (copy != nullptr) {
    Retire(std::move(copy));
    copy_serves_ = false;
    ChooseBetweenCopies();
  }
}

void Story::SettleAll(Realm& realm) {
  for (Account* account : all_) Client::Settle(universe_, realm, *account);
  for (const auto& household : households_) household->Settle(realm);
}

void Story::RunClients(Realm& realm, Realm* copy) {
  std::vector<std::thread> threads;
  const auto run = [&](Account& account, Client::Habit habit, Realm& where) {
    threads.emplace_back([this, &account, habit, &where, dice = dice_.Branch(threads.size())] {
      Client(universe_, account, habit, dice).Run(where, plan_.calls);
    });
  };
  for (const auto& account : owned_) run(*account, Client::Habit::kOwner, realm);
  for (const auto& account : hammered_) {
    for (uint64_t client = dice_.Between(1, 4); client > 0; --client)
      run(*account, Client::Habit::kHammer, realm);
  }
  for (const auto& account : newcomers_) run(*account, Client::Habit::kNewcomer, realm);
  for (const auto& household : households_) {
    threads.emplace_back([this, &household, &realm, copy, dice = dice_.Branch(threads.size())]() mutable {
      household->Run(
          [&]() -> Household::Place {
            if (copy_serves_ && dice.Chance(600)) return {copy, false};
            return {&realm, copy_serves_};
          },
          2 * plan_.calls, copy != nullptr);
    });
  }
  if (plan_.attack == Attack::kRestore) {
    threads.emplace_back([this, &realm, dice = dice_.Branch(99)] { Watch(realm, dice); });
  }
  if (copy != nullptr) {
    threads.emplace_back([this, copy, dice = dice_.Branch(98)] { WorkOnCopy(*copy, dice); });
  }
  for (std::thread& thread : threads) thread.join();
  CheckFailedSync(realm);
}

// A process that saw a sync fail acknowledges nothing new, and says that it must end.
void Story::CheckFailedSync(Realm& realm) {
  Process& process = realm.process();
  if (!process.sync_failed || process.dead || all_.empty()) return;
  universe_.scheduler().Sleep(2000 * kMilli);
  const auto before = universe_.figures().counts["evaluations answered"];
  const Bytes fresh = ToBytes(P256Point::Generator().Times(P256Scalar::Random()).Compressed());
  Account* const account = all_.front();
  if (account->history().destroyed() || process.dead) return;
  const absl::Status asked =
      Client::Guess(universe_, realm, *account, fresh, std::chrono::steady_clock::time_point::max());
  if (universe_.figures().counts["evaluations answered"] != before) {
    universe_.Violation("a guess was answered by a process that had seen a sync fail");
  } else if (!process.dead && absl::IsUnavailable(asked)) {
    universe_.Count("processes ended by a failed sync");
  }
}

void Story::Retire(std::unique_ptr<Realm> realm) {
  Process& process = realm->process();
  const std::filesystem::path folder = process.folder;
  realm.reset();
  if (process.dead) universe_.Count("crashes");
  if (process.fatal) universe_.Count("processes that ended themselves");
  const bool power_cut = dice_.Chance(process.dead ? 600 : 100);
  if (power_cut) {
    universe_.Count("power cuts");
    universe_.disk().LosePower(folder, dice_);
  }
  universe_.scheduler().Note("ends", process.steps, power_cut ? 1 : 0);
  universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Below(3'000'000)) * kMilli / 1000);
  if (plan_.attack != Attack::kRestore && plan_.attack != Attack::kAccept) return;
  Keep(folder);
  for (const auto& household : households_) kept_.back().households.push_back(household->Now());
}

// In peace: every guess in doubt is sent once more, and then the counts are exact.
void Story::End() {
  may_be_refused_ = plan_.attack == Attack::kCopy;
  const auto realm = NewRealm(home_, false);
  if (!Start(*realm)) return;
  for (const auto& household : households_) household->Recover(*realm);
  const auto forever = std::chrono::steady_clock::time_point::max();
  for (Account* account : all_) {
    if (!Client::Settle(universe_, *realm, *account)) universe_.Violation("no answer in peace");
    // Delays between guesses may stand in the way.
    for (int round = 0; round < 40 && !account->history().destroyed(); ++round) {
      const std::vector<std::string> open = account->history().Open();
      if (open.empty()) break;
      for (const std::string& element : open) {
        Client::Guess(universe_, *realm, *account, ToBytes(element), forever).IgnoreError();
      }
      universe_.scheduler().Sleep(3000 * kMilli);
    }
    Client::Settle(universe_, *realm, *account);
    if (!account->history().Open().empty() && !account->history().destroyed()) {
      universe_.Violation(account->name() + ": a guess is still in doubt in peace");
    }
  }
}

}  // namespace labrec::sim
