#include <algorithm>
#include <thread>

#include "tests/simulation/story.h"

// The attackers of a story.
namespace labrec::sim {
namespace {

constexpr size_t kMostKept = 24;
constexpr uint64_t kReplayedRounds = 6;
constexpr int64_t kEndless = -1;

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

// Mostly a batch of its own, so that the device moves by one.
void Story::RiskSomething(Realm& realm) {
  if (!households_.empty() && (all_.empty() || dice_.Chance(500))) {
    return households_[dice_.Below(households_.size())]->Risk(realm);
  }
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
      SettleAll(*realm);
      if (dice_.Chance(700)) {
        RiskSomething(*realm);
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

// The operator's way past a refusal: of any copy that was taken between runs he makes the ledger that is
// served from now on. What was acknowledged since is lost, but for what the limits take.
void Story::AcceptCopy() {
  std::vector<const Kept*> choice;
  for (const Kept& each : kept_) choice.push_back(&each);
  if (choice.empty()) return;
  const Kept& chosen = *choice[dice_.Chance(400) ? choice.size() - 1 : dice_.Below(choice.size())];
  const auto floor = static_cast<uint32_t>(dice_.Between(1, 2));
  universe_.disk().Put(Folder("copy"), chosen.image);
  const std::filesystem::path folder = home_ == Folder("a") ? Folder("b") : Folder("a");
  universe_.disk().Put(folder, {});
  absl::Status accepted;
  {
    const auto operators = NewRealm(folder, false);
    accepted = operators->Accept(Folder("copy"), floor);
  }
  if (!accepted.ok()) return universe_.Violation("accepting a copy in peace: " + accepted.ToString());
  universe_.Count("copies accepted");
  home_ = folder;
  for (size_t i = 0; i < households_.size(); ++i) households_[i]->Accepted(chosen.households[i], floor);
}

// Something that was asked for before and not acknowledged, so that its batch may be in the row, or not.
void Story::AskAgain(Realm& realm) {
  for (const auto& household : households_) household->AskAgain(realm);
  const auto forever = std::chrono::steady_clock::time_point::max();
  for (Account* account : all_) {
    const std::vector<std::string> open = account->history().Open();
    if (open.empty() || dice_.Chance(250)) {
      const uint64_t wanted = account->floor_acknowledged + 1;
      if (account->RaiseFloor(realm, wanted).ok()) account->floor_acknowledged = wanted;
    } else {
      const std::string& element = open[dice_.Below(open.size())];
      Client::Guess(universe_, realm, *account, ToBytes(element), forever).IgnoreError();
    }
  }
}

// A run on a state that storage once held, ended before the device counts for the (`counts` + 1)th time, or
// by its owner: killed, or stopped, when it writes what still waits. What it leaves. `meanwhile`, if it
// serves.
Image Story::PlayRun(const Image& shown, int64_t counts, const std::function<void(Realm&)>& meanwhile) {
  universe_.disk().Put(home_, shown);
  auto realm = NewRealm(home_, false);
  realm->process().counts_left = counts;
  if (Start(*realm)) {
    universe_.Count("replayed, and served");
    SettleAll(*realm);
    if (meanwhile) meanwhile(*realm);
    if (dice_.Chance(500)) realm->process().dead = true;
  } else if (!realm->process().dead) {
    return shown;  // refused
  }
  realm.reset();
  left_behind_.push_back(universe_.disk().Look(home_));
  return left_behind_.back();
}

// One of the images, mostly the first.
const Image& Story::MostlyFirst(const std::vector<const Image*>& images) {
  return *images[dice_.Chance(700) ? 0 : dice_.Below(images.size())];
}

// What storage would hold, had it taken the batch that it refused.
std::optional<Image> Story::Completed(const Image& left, const recovery::StoreBatch& refused) {
  const std::filesystem::path folder = Folder("copy");
  universe_.disk().Put(folder, left);
  {
    const auto owners = NewRealm(folder, false);
    const absl::StatusOr<bool> written = owners->Complete(refused);
    if (!written.ok()) universe_.Violation("completing a batch in peace: " + written.status().ToString());
    if (!written.ok() || !*written) return std::nullopt;
  }
  universe_.Count("refused batches that came back");
  return universe_.disk().Look(folder);
}

// Storage refuses a batch, and shows it later. What was read meanwhile must be true still.
void Story::PlayRefused() {
  std::optional<recovery::StoreBatch> refused;
  const Image left = PlayRun(Image(left_behind_.back()), kEndless, [&](Realm& realm) {
    realm.storage().RefuseNext();
    RiskSomething(realm);
    if (dice_.Chance(700)) SettleAll(realm);
    if (dice_.Chance(300)) AskAgain(realm);
    refused = realm.storage().refused();
  });
  if (!refused) return;
  const std::optional<Image> shown = Completed(left, *refused);
  if (!shown) return;
  PlayRun(*shown, kEndless, [&](Realm& realm) {
    if (dice_.Chance(500)) AskAgain(realm);
  });
}

// The sequence that was an attack once (docs/ledger.md, "Answers without a batch"), and its neighbours: each
// step may take another image, or end at another moment.
void Story::Replay() {
  may_be_refused_ = true;
  left_behind_ = {universe_.disk().Look(home_)};
  for (uint64_t round = 0; round < kReplayedRounds && universe_.violations().empty(); ++round) {
    TakeUpTheLatest();
    if (left_behind_.empty()) return;
    if (dice_.Chance(300)) {
      PlayRefused();
      continue;
    }
    const auto some = [this](int64_t counts) {
      return dice_.Chance(700) ? counts : static_cast<int64_t>(dice_.Below(4)) - 1;
    };
    Image before = left_behind_.back();
    const Image with = PlayRun(Image(before), kEndless, [&](Realm& realm) {
      before = universe_.disk().Look(home_);
      realm.process().counts_left = some(0);
      dice_.Chance(700) ? RiskSomething(realm) : AskAgain(realm);
    });
    const Image passed = PlayRun(MostlyFirst({&before, &with}), some(dice_.Chance(500) ? 1 : kEndless), {});
    const Image hidden = PlayRun(MostlyFirst({&passed, &before}), some(0), {});
    for (const Image* shown :
         {&MostlyFirst({&with, &hidden, &passed}), &MostlyFirst({&hidden, &passed, &with})}) {
      PlayRun(Image(*shown), kEndless, [&](Realm& realm) {
        if (dice_.Chance(800)) AskAgain(realm);
      });
    }
  }
  TakeUpTheLatest();
  may_be_refused_ = false;
}

// Of what runs left behind the latest that is not refused is served again.
void Story::TakeUpTheLatest() {
  for (; !left_behind_.empty(); left_behind_.pop_back()) {
    universe_.disk().Put(home_, left_behind_.back());
    const auto realm = NewRealm(home_, false);
    if (!Start(*realm)) continue;
    left_behind_ = {universe_.disk().Look(home_)};
    return;
  }
  universe_.Violation("nothing that was left behind is served");
}

// A second process, on a copy of what the first one's storage shows at some moment, with clients of its own.
void Story::WorkOnCopy(Realm& copy, Dice dice) {
  universe_.scheduler().Sleep(static_cast<int64_t>(dice.Below(uint64_t{1} << dice.Between(10, 27))));
  if (dice.Chance(800)) universe_.disk().Put(copy.process().folder, universe_.disk().Look(home_));
  // The first process may go on meanwhile, so that the copy does not know its latest batch.
  if (dice.Chance(600))
    universe_.scheduler().Sleep(static_cast<int64_t>(dice.Below(uint64_t{1} << dice.Between(10, 24))));
  may_be_refused_ = true;
  const uint64_t epoch = EpochOf(chip_, plan_.setting.shape);
  const Bytes claim = chip_.claim;
  const std::vector<uint64_t> claims = chip_.claims;
  if (!Start(copy)) {
    const bool stale = copy.found_epoch().has_value() && *copy.found_epoch() < epoch;
    const bool claimed = chip_.claim != claim || chip_.claims != claims;
    if (stale) universe_.Count("stale copies that started beside who serves");
    if (stale && claimed) universe_.Violation("a stale copy took the anchor from who serves");
    return;
  }
  universe_.Count("second processes that served");
  copy_serves_ = true;
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
      SettleAll(*realm);
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
