#include "tests/simulation/household/household.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace labrec::sim {
namespace {

constexpr size_t kMostUnanswered = 4;

std::vector<EcdsaPrivateKey> MakeKeys(size_t count) {
  std::vector<EcdsaPrivateKey> keys;
  for (size_t i = 0; i < count; ++i) keys.push_back(EcdsaPrivateKey::Generate());
  return keys;
}

// No delay of a seed is as long.
constexpr int64_t kLongerThanDelays = 3000 * kMilli;

bool ChangesRows(const Request& request) {
  return request.kind < Request::Kind::kGetFloor;
}

}  // namespace

Household::Household(Universe& universe, std::string name, uint32_t most_limit,
                     const pin::GuessPolicy& policy, Dice dice)
    : universe_(universe),
      caller_{"tenant", std::move(name), false, std::chrono::steady_clock::time_point::max()},
      most_limit_(most_limit),
      policy_(policy),
      dice_(dice),
      devices_(MakeKeys(kDevices)),
      belief_(policy) {}

void Household::SetUp(Realm& realm) {
  refusals_ = Refusals::kTellTheRows;
  Request enroll;
  enroll.kind = Request::Kind::kEnroll;
  enroll.device = kPhone;
  Ask(realm, enroll);
  enroll.device = kStolen;
  enroll.signer.kind = Signer::Kind::kDevice;
  enroll.signer.device = kPhone;
  Ask(realm, enroll);
  Request finish = enroll;
  finish.kind = Request::Kind::kFinish;
  finish.version = 1;
  finish.serial = NewRegistration(0, 1, false);
  finish.limit = registrations_.at(finish.serial).limit;
  Ask(realm, finish);
  finish.kind = Request::Kind::kActivate;
  Ask(realm, finish);
  refusals_ = Refusals::kTellNothing;
  const bool active = std::ranges::all_of(belief_.states(), [](const KnownAccount& state) {
    return !state.records[0].versions.empty() && state.records[0].versions[0].active;
  });
  if (!active) universe_.Violation(caller_.account + " was not set up in peace");
}

void Household::Run(const Where& where, uint64_t calls, bool has_copy) {
  has_copy_ = has_copy;
  for (uint64_t call = 0; call < calls && !IsOver(); ++call) {
    universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Below(400'000)));
    // Quiet for a while, so that a copy that starts meanwhile finds nothing newer than itself.
    if (has_copy && dice_.Chance(250)) {
      universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Below(500)) * kMilli);
    }
    const Place place = where();
    Realm& realm = *place.realm;
    if (realm.process().dead) break;
    if (dice_.Chance(150) && !place.taken_over) {
      AskTogether(realm, DrawTogether());
      continue;
    }
    const bool unchanging = place.taken_over && dice_.Chance(900);
    const std::optional<Answer> answer = Ask(realm, unchanging ? DrawUnchanging() : Draw());
    if (answer && answer->kind == Answer::Kind::kUnknown) {
      universe_.scheduler().Sleep(static_cast<int64_t>(dice_.Between(1, 400)) * kMilli);
    }
  }
  has_copy_ = false;
}

void Household::Risk(Realm& realm) {
  Request request = DrawGuess(dice_.Chance(700));
  for (int tries = 0; tries < 20 && dice_.Chance(400); ++tries) {
    request = Draw();
    if (ChangesRows(request)) break;
  }
  Ask(realm, request);
}

void Household::AskAgain(Realm& realm) {
  if (unanswered_.empty()) return Risk(realm);
  // Copied, as asking changes the list.
  const Request request =
      unanswered_[dice_.Chance(700) ? unanswered_.size() - 1 : dice_.Below(unanswered_.size())];
  Ask(realm, request);
}

void Household::Settle(Realm& realm) {
  const auto ask = [&](const Request& request, Answer::Kind good) {
    const std::optional<Answer> answer = Ask(realm, request);
    if (refusals_ == Refusals::kTellTheRows && !IsOver() && (!answer || answer->kind != good)) {
      universe_.Violation(caller_.account + ": no answer in peace");
    }
  };
  Request request;
  for (request.record = 0; request.record < kRecordsOfHousehold; ++request.record) {
    ask(request, Answer::Kind::kShown);
  }
  request.record = 0;
  request.kind = Request::Kind::kList;
  ask(request, Answer::Kind::kListed);
}

void Household::RecoverVersion(Realm& realm, size_t record, const KnownVersion& version) {
  Request request;
  request.kind = Request::Kind::kEvaluate;
  request.record = record;
  request.version = version.number;
  request.serial = version.serial;
  universe_.scheduler().Sleep(kLongerThanDelays);
  const std::optional<Answer> guessed = Ask(realm, request);
  request.kind = Request::Kind::kUnlock;
  const std::optional<Answer> unlocked = Ask(realm, request);
  if (!guessed || guessed->kind != Answer::Kind::kEvaluated || !unlocked ||
      unlocked->kind != Answer::Kind::kUnlocked || unlocked->left != version.limit) {
    universe_.Violation(
        absl::StrCat(caller_.account, ": a version with guesses left is not recovered in peace"));
  }
}

void Household::Recover(Realm& realm) {
  refusals_ = Refusals::kTellTheRows;
  Settle(realm);
  for (int round = 0; round < 3; ++round) {
    for (size_t record = 0; record < kRecordsOfHousehold && !IsOver(); ++record) {
      for (const KnownVersion& version : std::vector(Likely().records[record].versions)) {
        // A guess at one counts at the others.
        const KnownVersion* now = Likely().records[record].Find(version.number);
        if (now != nullptr && now->left() > 0 && !IsOver()) RecoverVersion(realm, record, version);
      }
    }
    for (int call = 0; call < 4 && !IsOver(); ++call) Ask(realm, Draw());
  }
  if (!IsOver()) Settle(realm);
  refusals_ = Refusals::kTellNothing;
}

void Household::Accepted(const Belief::States& copy, uint32_t floor) {
  Belief::States lowered;
  for (const KnownAccount& state : copy) lowered.insert(Lowered(state, floor));
  belief_.Become(std::move(lowered));
  promises_.Accepted(floor);
  unanswered_.clear();
}

std::optional<Answer> Household::Ask(Realm& realm, Request request) {
  if (IsOver() || realm.process().dead) return std::nullopt;
  const std::optional<Answer> answer = Send(realm, request);
  if (answer) Note(realm, {{request, *answer}});
  return answer;
}

void Household::AskTogether(Realm& realm, std::vector<Request> requests) {
  std::vector<std::optional<Answer>> answers(requests.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < requests.size(); ++i) {
    threads.emplace_back([&, i] { answers[i] = Send(realm, requests[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Belief::Told> told;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (answers[i]) told.push_back({requests[i], *answers[i]});
  }
  Note(realm, std::move(told));
}

// While the device is away these are answered from what the process holds, and acknowledge nothing. A token
// whose key another process has taken looks as if it were away.
bool Household::MayBeFromMemory(const Realm& realm, const Request& request) const {
  if (request.kind != Request::Kind::kLook && request.kind != Request::Kind::kList) return false;
  if (realm.shape() == AnchorShape::kRatchet && has_copy_) return true;
  const auto& rates = realm.process().rates.device;
  for (size_t fault = 1; fault < rates.size(); ++fault) {
    if (rates.at(fault) != 0 && fault != static_cast<size_t>(DeviceFault::kPaused)) return true;
  }
  return false;
}

void Household::Note(Realm& realm, std::vector<Belief::Told> told) {
  std::erase_if(told, [&](const Belief::Told& each) {
    return each.answer.kind != Answer::Kind::kUnknown && MayBeFromMemory(realm, each.request);
  });
  if (told.empty()) return;
  for (const Belief::Told& each : told) {
    const std::string text = Text(each.request) + ": " + Text(each.answer);
    universe_.scheduler().Say("    " + caller_.account + ", " + text);
    universe_.scheduler().Note("household", static_cast<uint64_t>(each.request.kind),
                               static_cast<uint64_t>(each.answer.kind));
    universe_.Count("of a household: " +
                    std::string(each.answer.kind == Answer::Kind::kUnknown   ? "not answered"
                                : each.answer.kind == Answer::Kind::kRefused ? "refused"
                                                                             : "answered"));
    if (each.answer.kind == Answer::Kind::kUnknown && ChangesRows(each.request)) {
      if (unanswered_.size() == kMostUnanswered) unanswered_.erase(unanswered_.begin());
      unanswered_.push_back(each.request);
    }
  }
  if (std::exchange(process_, realm.process().id) != realm.process().id) {
    belief_.Become(belief_.AfterCrash(has_copy_ ? Waiting::kMayStillWait : Waiting::kIsOver));
  }
  const Belief::States before = belief_.states();
  if (!belief_.Note(told, refusals_)) {
    std::string text = caller_.account + ": no history of what was acknowledged allows this: ";
    for (const Belief::Told& each : told) text += "\n    " + Text(each.request) + ": " + Text(each.answer);
    return universe_.Violation(text + belief_.Text());
  }
  for (const Belief::Told& each : told) NoteFinished(realm, each, before);
  if (told.size() == 1 && told[0].answer.kind == Answer::Kind::kEvaluated) {
    const Request& request = told[0].request;
    const auto version = belief_.RegisteredAs(request.record, request.version);
    if (version) NoteEvaluation(*version, request.element, told[0].answer.point);
  }
  for (const std::string& broken : promises_.Note(told, before, belief_)) {
    universe_.Violation(caller_.account + ": " + broken);
  }
}

// Under an id of another run nothing is finished that was not finished before.
void Household::NoteFinished(const Realm& realm, const Belief::Told& told, const Belief::States& before) {
  const Request& request = told.request;
  if (request.kind != Request::Kind::kFinish || told.answer.kind != Answer::Kind::kDone) return;
  const Registration& registration = registrations_.at(request.serial);
  if (registration.beginnings.at(request.begun - 1).process == realm.process().id) return;
  if (std::ranges::none_of(before, [&](const KnownAccount& state) {
        const KnownVersion* version = state.records[registration.record].Find(registration.number);
        return version != nullptr && version->serial == request.serial && version->begun == request.begun;
      })) {
    universe_.Violation(caller_.account + ": a registration was finished that another run had begun");
  }
}

// The key of a version is the one that answered its Begin, as long as it lives: else no PIN would ever fit.
void Household::NoteEvaluation(const Belief::Registered& version, uint32_t element, const Bytes& point) {
  const auto known = evaluations_.insert({{version.serial, version.begun, element}, point}).first;
  if (known->second != point) {
    universe_.Violation(absl::StrCat(caller_.account, ": element ", element, " of version #", version.serial,
                                     " has two evaluations"));
  }
}

}  // namespace labrec::sim
