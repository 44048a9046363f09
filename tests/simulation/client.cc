#include "tests/simulation/client.h"

#include <algorithm>

#include "hsm/base/status_macros.h"

namespace labrec::sim {
namespace {

using recovery::Evaluated;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Errors that say for certain that nothing was counted.
bool CertainlyNotCounted(const absl::Status& status) {
  if (IsStoragesWord(status)) return false;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return std::string(status.message()).find("nothing was done") != std::string::npos;
  }
}

std::string PointText(const P256Point& point) {
  return ToString(point.Compressed());
}

bool IsOpen(const test::GuessHistory& history, const std::string& element) {
  const std::vector<std::string> open = history.Open();
  return std::ranges::find(open, element) != open.end();
}

}  // namespace

absl::Status Client::Guess(Universe& universe, Realm& realm, Account& account, const Bytes& element,
                           steady_clock::time_point deadline, std::optional<recovery::Challenge>* challenge) {
  test::GuessHistory& history = account.history();
  const std::string name = ToString(element);
  const bool was_open = IsOpen(history, name);
  history.Sent(name);
  const absl::StatusOr<P256Point> point = P256Point::ParseCompressed(element);
  const auto answer = account.Evaluate(realm, *point, deadline);
  if (!answer.ok()) {
    universe.scheduler().Say("    " + account.name() + ", element " + std::to_string(Trace::HashOf(element)) +
                             ": " + answer.status().ToString());
    if (!was_open && CertainlyNotCounted(answer.status())) history.Refused(name);
    return answer.status();
  }
  universe.scheduler().Say("    " + account.name() + ", element " + std::to_string(Trace::HashOf(element)) +
                           ": answer " + std::to_string(answer->index()));
  if (const auto* evaluated = std::get_if<Evaluated>(&*answer)) {
    universe.Count("evaluations answered");
    universe.scheduler().Note("answered", Trace::HashOf(element),
                              Trace::HashOf(evaluated->evaluated.at(0).Compressed()));
    history.Answered(name, PointText(evaluated->evaluated.at(0)), evaluated->remaining);
    if (challenge != nullptr) *challenge = evaluated->challenge;
  } else if (std::holds_alternative<recovery::Destroyed>(*answer)) {
    universe.Count("told that it is destroyed");
    history.SaidDestroyed();
  } else if (std::holds_alternative<recovery::NotRegistered>(*answer) && account.registered) {
    universe.Violation("a registered record is gone");
  } else if (!was_open) {
    history.Refused(name);
  }
  return absl::OkStatus();
}

bool Client::Settle(Universe& universe, Realm& realm, Account& account) {
  const auto view = account.View(realm);
  if (!view.ok()) return false;
  if (!account.registered) return true;
  universe.scheduler().Say("    " + account.name() + ":");
  const recovery::RecordVersion* version = view->record.Newest();
  universe.scheduler().Note("settles", version == nullptr ? 0 : version->spent,
                            view->record.destroyed ? 1 : 0);
  if (!view->registered) {
    universe.Violation("a registration that was acknowledged is gone");
    return true;
  }
  if (account.history().destroyed() && !view->record.destroyed) {
    universe.Violation("a destroyed record came back to life");
  }
  const uint64_t floor = view->record.floor ? view->record.floor->sequence : 0;
  if (floor < account.floor_acknowledged) universe.Violation("a floor that was acknowledged is lost");
  account.history().SaidRemaining(version == nullptr ? 0 : version->left());
  return true;
}

void Client::Run(Realm& realm, uint64_t calls) {
  for (uint64_t call = 0; call < calls; ++call) {
    universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Below(400'000)));
    const absl::Status status = Step(realm);
    if (status.ok()) continue;
    if (IsNoAnswer(status)) return;
    universe_.Count("calls refused");
    universe_.scheduler().Note("refused", static_cast<uint64_t>(status.code()));
    if (absl::IsUnavailable(status)) {
      universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Between(1, 400)) * 1'000'000);
    }
  }
}

absl::Status Client::Step(Realm& realm) {
  switch (habit_) {
    case Habit::kOwner:
      return OwnerStep(realm);
    case Habit::kHammer:
      return GuessSome(realm);
    case Habit::kNewcomer:
      return account_.registered ? GuessSome(realm) : account_.SetUp(realm);
  }
  return absl::OkStatus();
}

absl::Status Client::OwnerStep(Realm& realm) {
  if (in_doubt_) {
    // What a process shows that has stopped is not what the next one finds.
    // And under an attack a state that is written, but not anchored yet, may still be taken away.
    if (realm.process().fatal || (unlock_lost_ && universe_.attacked) || !Settle(universe_, realm, account_))
      return absl::UnavailableError("the record is still in doubt");
    in_doubt_ = false;
  }
  if (account_.history().destroyed()) return GuessSome(realm);
  const size_t spent = account_.history().answered() + account_.history().Open().size();
  // Mostly it does not spend its last guess, so that the record lives on.
  if (spent + 1 >= account_.guess_limit() && dice_.Chance(950)) {
    LABREC_ASSIGN_OR_RETURN(challenge_, account_.BeginUnlock(realm));
    return Unlock(realm);
  }
  if (challenge_ && dice_.Chance(300)) return Unlock(realm);
  if (dice_.Chance(150)) return RaiseFloor(realm);
  return GuessSome(realm);
}

Bytes Client::ChooseElement() {
  if (!used_.empty() && dice_.Chance(250)) return used_[dice_.Below(used_.size())];
  used_.push_back(ToBytes(P256Point::Generator().Times(P256Scalar::Random()).Compressed()));
  return used_.back();
}

absl::Status Client::GuessSome(Realm& realm) {
  auto deadline = steady_clock::time_point::max();
  if (dice_.Chance(100)) deadline = steady_clock::now() + milliseconds(dice_.Between(0, 20));
  return Guess(universe_, realm, account_, ChooseElement(), deadline, &challenge_);
}

absl::Status Client::Unlock(Realm& realm) {
  const recovery::Challenge challenge = *challenge_;
  challenge_.reset();
  const auto answer = account_.Unlock(realm, challenge);
  if (absl::IsPermissionDenied(answer.status()))
    return absl::OkStatus();  // its challenge died with a process
  if (!answer.ok()) {
    account_.history().UnlockLost(universe_.attacked);
    in_doubt_ = unlock_lost_ = true;
    return answer.status();
  }
  if (std::holds_alternative<recovery::Unlocked>(*answer)) {
    universe_.Count("unlocked");
    account_.history().Unlocked();
    used_.clear();
  }
  return absl::OkStatus();
}

absl::Status Client::RaiseFloor(Realm& realm) {
  const uint64_t sequence = account_.floor_acknowledged + dice_.Between(1, 3);
  LABREC_RETURN_IF_ERROR(account_.RaiseFloor(realm, sequence));
  account_.floor_acknowledged = std::max(account_.floor_acknowledged, sequence);
  return absl::OkStatus();
}

}  // namespace labrec::sim
