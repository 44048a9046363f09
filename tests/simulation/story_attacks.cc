#include <algorithm>
#include <thread>

#include "tests/simulation/story.h"

// The attackers of a story.
namespace labrec::sim {
namespace {

constexpr size_t kMostKept = 24;

}  // namespace

void Story::Keep(const std::filesystem::path& folder) {
  if (kept_.size() == kMostKept) kept_.erase(kept_.begin());
  kept_.push_back({universe_.disk().Look(folder), EpochOf(chip_, plan_.setting.shape)});
  universe_.scheduler().Note("kept", kept_.back().epoch);
}

// Keeps an image now and then, and mostly when the device has just moved on.
void Story::Watch(Realm& realm, Dice dice) {
  uint64_t epoch = 0;
  const auto pause = static_cast<uint64_t>(plan_.setting.command_nanos * 4 + 100'000);
  for (int look = 0; look < 150 && !realm.process().dead; ++look) {
    universe_.scheduler().Sleep(static_cast<int64_t>(dice.Below(pause)));
    const uint64_t now = EpochOf(chip_, plan_.setting.shape);
    if (dice.Chance(now == epoch ? 10 : 600)) Keep(realm.process().folder);
    epoch = now;
  }
}

// A batch of its own, so that the device moves by one.
void Story::GuessOnce(Realm& realm) {
  Account& account = *all_[dice_.Below(all_.size())];
  const Bytes fresh = ToBytes(P256Point::Generator().Times(P256Scalar::Random()).Compressed());
  Client::Guess(universe_, realm, account, fresh, std::chrono::steady_clock::time_point::max()).IgnoreError();
}

// Puts an image there that was kept before, mostly one that the device may take for current. It is tried
// without faults; if it is refused, as it must be where anything acknowledged is missing, the present state
// comes back. False if the attacker does nothing.
bool Story::SetBack() {
  if (kept_.empty() || dice_.Chance(200)) return false;
  const uint64_t device = EpochOf(chip_, plan_.setting.shape);
  std::vector<size_t> choice;
  for (size_t i = 0; i < kept_.size(); ++i) {
    if (kept_[i].epoch + 1 >= device || dice_.Chance(60)) choice.push_back(i);
  }
  if (choice.empty()) return false;
  const Image chosen = kept_[choice[dice_.Below(choice.size())]].image;
  const Image present = universe_.disk().Look(home_);
  universe_.disk().Put(home_, chosen);
  universe_.Count("set back");
  may_be_refused_ = true;
  bool served = false;
  {
    auto realm = NewRealm(home_, false);
    served = Start(*realm);
    if (served) {
      universe_.Count("set back to what was never answered, and served");
      for (Account* account : all_) Client::Settle(universe_, *realm, *account);
      if (dice_.Chance(700)) {
        GuessOnce(*realm);
      } else {
        RunClients(*realm, nullptr);
      }
    }
  }
  may_be_refused_ = false;
  if (served) {
    kept_.push_back({present, device});  // hidden, to be brought back
  } else {
    universe_.disk().Put(home_, present);
  }
  return true;
}

// A second process, on a copy of what the first one's storage shows at some moment, with clients of its own.
void Story::WorkOnCopy(Realm& copy, Dice dice) {
  universe_.scheduler().Sleep(static_cast<int64_t>(dice.Below(uint64_t{1} << dice.Between(10, 27))));
  if (dice.Chance(800)) universe_.disk().Put(copy.process().folder, universe_.disk().Look(home_));
  // The first process may go on meanwhile, so that the copy does not know its latest batch.
  if (dice.Chance(600))
    universe_.scheduler().Sleep(static_cast<int64_t>(dice.Below(uint64_t{1} << dice.Between(10, 24))));
  may_be_refused_ = true;
  if (!Start(copy)) return;
  universe_.Count("second processes that served");
  std::vector<std::thread> threads;
  for (const auto& account : hammered_) {
    threads.emplace_back([this, &copy, &account, inner = dice.Branch(threads.size())] {
      Client(universe_, *account, Client::Habit::kHammer, inner).Run(copy, plan_.calls);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Two processes worked on copies. Mostly one copy is still good. None is where the loser looked at its claim,
// was held up, and counted after the winner's latest batch: a counter cannot be told to count only for one of
// them. Then nothing is served until an operator accepts a copy; nothing is lost of what counts.
void Story::ChooseBetweenCopies() {
  if (dice_.Chance(500)) std::swap(home_, other_);
  may_be_refused_ = true;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto realm = NewRealm(home_, false);
    if (Start(*realm)) {
      for (Account* account : all_) Client::Settle(universe_, *realm, *account);
      may_be_refused_ = false;
      return;
    }
    std::swap(home_, other_);
  }
  may_be_refused_ = false;
  spoilt_ = true;
  universe_.Count("both copies refused");
}

}  // namespace labrec::sim
