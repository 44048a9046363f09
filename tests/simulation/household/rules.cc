#include "tests/simulation/household/rules.h"

#include <algorithm>

namespace labrec::sim {
namespace {

using Kind = Answer::Kind;

constexpr uint32_t kMostStep = 65536;

// What the rules say of a request.
struct Ruling {
  Answer answer;
  KnownAccount after;
  bool counts = false;  // a guess, if no delay stands in the way
};

// One request, judged on the rows of one state.
class Judging {
 public:
  Judging(const KnownAccount& before, const Request& request)
      : request_(request),
        next_{{}, before, false},
        account_(next_.after),
        record_(account_.records[request.record]) {}

  Ruling Judge() {
    const KnownAccount before = account_;
    next_.answer.kind = Decide();
    if (account_ != before && !waits_) WriteRefills();
    return std::move(next_);
  }

 private:
  Kind Decide() {
    switch (request_.kind) {
      case Request::Kind::kEvaluate:
        return Evaluate();
      case Request::Kind::kUnlock:
        return Unlock();
      case Request::Kind::kFinish:
        return Finish();
      case Request::Kind::kActivate:
        return Activate();
      case Request::Kind::kEnroll:
        return Enroll();
      case Request::Kind::kRevoke:
        return Revoke();
      case Request::Kind::kDelete:
        return Delete();
      case Request::Kind::kRaiseFloor:
        return RaiseFloor();
      case Request::Kind::kGetFloor:
        return GetFloor();
      case Request::Kind::kLook:
        return Look();
      case Request::Kind::kList:
        return List();
      case Request::Kind::kChip:
        return Kind::kRefused;
    }
    return Kind::kRefused;
  }

  // What is anchored takes all refills along that wait.
  void WriteRefills() {
    for (KnownRecord& record : account_.records) {
      for (KnownVersion& version : record.versions) {
        version.refill_waits = false;
        version.spent_before = 0;
        version.counted_before.clear();
      }
    }
  }

  bool DeviceSigned() const {
    return request_.signer.kind == Signer::Kind::kDevice && account_.devices.contains(request_.signer.device);
  }
  // By an enrolled device, or by the active version's key.
  bool Signed() const {
    if (request_.signer.kind != Signer::Kind::kUnlockKey) return DeviceSigned();
    const KnownVersion* version = account_.records[request_.signer.record].Find(request_.signer.version);
    return version != nullptr && version->active && version->serial == request_.signer.serial;
  }
  // The same, by this very record's key.
  bool SignedForRecord() const {
    const bool other =
        request_.signer.kind == Signer::Kind::kUnlockKey && request_.signer.record != request_.record;
    return !other && Signed();
  }

  Kind Evaluate() {
    if (record_.destroyed) return Kind::kDestroyed;
    if (record_.versions.empty()) return Kind::kNotRegistered;
    KnownVersion* version = record_.Find(request_.version);
    if (version == nullptr) return Kind::kRefused;
    if (!version->counted.contains(request_.element)) {
      if (version->left() == 0) return UseUp();
      next_.counts = true;
      for (KnownVersion& each : record_.versions) each.spent = std::min(each.spent + 1, each.limit);
      version->counted.insert(request_.element);
      record_.counted_after_ms = request_.sent_ms;
      record_.counted_before_ms = request_.answered_ms;
    }
    next_.answer.left = version->left();
    return Kind::kEvaluated;
  }

  Kind UseUp() {
    std::erase_if(record_.versions,
                  [&](const KnownVersion& each) { return each.number == request_.version; });
    if (!record_.versions.empty()) return Kind::kRefused;
    record_.destroyed = true;
    return Kind::kDestroyed;
  }

  Kind Unlock() {
    if (record_.destroyed) return Kind::kDestroyed;
    if (record_.versions.empty()) return Kind::kNotRegistered;
    KnownVersion* version = record_.Find(request_.version);
    if (version == nullptr || version->serial != request_.serial) return Kind::kRefused;
    waits_ = version->limit > 1 && version->spent < 2;
    if (waits_ && !version->refill_waits && (version->spent > 0 || !version->counted.empty())) {
      version->refill_waits = true;
      version->spent_before = version->spent;
      version->counted_before = version->counted;
    }
    version->spent = 0;
    version->counted.clear();
    next_.answer.left = version->limit;
    next_.answer.floor = record_.floor;
    return Kind::kUnlocked;
  }

  Kind Finish() {
    if (!account_.there || !SignedForRecord()) return Kind::kRefused;
    const KnownVersion* same = record_.Find(request_.version);
    if (same != nullptr && same->serial == request_.serial && same->begun == request_.begun)
      return Kind::kDone;
    if (request_.version <= record_.highest || request_.version - record_.highest > kMostStep)
      return Kind::kRefused;
    uint32_t left = request_.limit;
    for (const KnownVersion& each : record_.versions) {
      if (each.left() > 0) left = std::min(left, each.left());
    }
    std::erase_if(record_.versions, [](const KnownVersion& each) { return !each.active; });
    const bool by_device = request_.signer.kind == Signer::Kind::kDevice;
    record_.versions.push_back({request_.version,
                                request_.serial,
                                request_.begun,
                                false,
                                request_.limit,
                                request_.limit - left,
                                by_device ? request_.signer.device : kNoDevice,
                                {},
                                false,
                                0,
                                {}});
    record_.there = true;
    record_.destroyed = false;
    record_.highest = request_.version;
    return Kind::kDone;
  }

  Kind Activate() {
    KnownVersion* version = record_.Find(request_.version);
    if (version == nullptr) return Kind::kRefused;
    const Signer& signer = request_.signer;
    const bool own = signer.kind == Signer::Kind::kUnlockKey && signer.record == request_.record &&
                     signer.version == request_.version && signer.serial == version->serial;
    if (!own && !SignedForRecord()) return Kind::kRefused;
    version->active = true;
    std::erase_if(record_.versions, [&](const KnownVersion& each) { return each.number < request_.version; });
    return Kind::kDone;
  }

  Kind Enroll() {
    const bool first = !account_.there;
    const bool repeated = account_.devices.contains(request_.device);
    if (request_.signer.kind == Signer::Kind::kNobody ? !first && !repeated : !Signed())
      return Kind::kRefused;
    account_.there = true;
    account_.devices.insert(request_.device);
    return Kind::kDone;
  }

  Kind Revoke() {
    if (!Signed() || !account_.devices.contains(request_.device)) return Kind::kRefused;
    account_.devices.erase(request_.device);
    for (KnownRecord& record : account_.records) {
      if (!record.there) continue;
      std::erase_if(record.versions, [&](const KnownVersion& each) {
        return !each.active && each.registrar == request_.device;
      });
      if (!record.versions.empty() || record.destroyed) continue;
      if (record.floor == 0) {
        record = {};
      } else {
        record.destroyed = true;
      }
    }
    return Kind::kDone;
  }

  Kind Delete() {
    if (!SignedForRecord() || !record_.there) return Kind::kRefused;
    record_ = {};
    return Kind::kDone;
  }

  Kind RaiseFloor() {
    if (!DeviceSigned() || record_.versions.empty() || request_.floor < record_.floor) return Kind::kRefused;
    record_.floor = request_.floor;
    return Kind::kDone;
  }

  Kind GetFloor() {
    if (!DeviceSigned() || !record_.there) return Kind::kRefused;
    next_.answer.floor = record_.floor;
    return Kind::kFloor;
  }

  Kind Look() {
    Shown& shown = next_.answer.shown;
    shown = {record_.destroyed, record_.highest, record_.floor, {}};
    for (const KnownVersion& each : record_.versions) {
      shown.versions.push_back(
          {each.number, each.active, each.limit, each.left(), each.registrar != kNoDevice});
    }
    return Kind::kShown;
  }

  Kind List() {
    next_.answer.devices = account_.devices;
    for (size_t i = 0; i < account_.records.size(); ++i) {
      if (account_.records[i].there) next_.answer.records.insert(i);
    }
    return Kind::kListed;
  }

  const Request& request_;
  bool waits_ = false;  // a success whose refill need not be anchored before its answer
  Ruling next_;
  KnownAccount& account_;
  KnownRecord& record_;
};

// Whether a delay may, and whether it must, stand in the way of a guess.
struct Delay {
  bool may = false;
  bool must = false;
};

Delay DelayOf(const KnownRecord& record, const Request& request, const pin::GuessPolicy& policy) {
  const KnownVersion* version = record.Find(request.version);
  if (version == nullptr || version->spent == 0 || policy.delays.empty()) return {};
  const size_t last = std::min<size_t>(version->spent, policy.delays.size()) - 1;
  const int64_t delay = policy.delays[last].count();
  // A clock that stands before the latest guess was set back; then there is no delay.
  return {true, record.counted_after_ms != INT64_MIN && request.sent_ms >= record.counted_before_ms &&
                    request.answered_ms < record.counted_after_ms + delay};
}

bool SameContents(const Answer& told, const Answer& ruled) {
  return told.kind == ruled.kind && told.left == ruled.left && told.floor == ruled.floor &&
         told.shown == ruled.shown && told.devices == ruled.devices && told.records == ruled.records;
}

}  // namespace

const KnownVersion* KnownRecord::Find(uint32_t number) const {
  const auto found = std::ranges::find(versions, number, &KnownVersion::number);
  return found == versions.end() ? nullptr : &*found;
}
KnownVersion* KnownRecord::Find(uint32_t number) {
  return const_cast<KnownVersion*>(static_cast<const KnownRecord&>(*this).Find(number));
}

std::vector<KnownAccount> StatesAfter(const KnownAccount& before, const Request& request,
                                      const Answer& answer, const pin::GuessPolicy& policy,
                                      Refusals refusals) {
  Ruling ruling = Judging(before, request).Judge();
  const Delay delay = ruling.counts ? DelayOf(before.records[request.record], request, policy) : Delay{};
  switch (answer.kind) {
    case Kind::kUnknown:
      if (delay.must || ruling.after == before) return {before};
      return {before, std::move(ruling.after)};
    case Kind::kLocked:
      return delay.may ? std::vector{before} : std::vector<KnownAccount>();
    case Kind::kRefused:
      if (ruling.answer.kind == Kind::kRefused) {
        if (ruling.after == before || refusals == Refusals::kTellTheRows) return {std::move(ruling.after)};
        return {before, std::move(ruling.after)};
      }
      // Nobody here knows which Begin is too old to be finished.
      return refusals == Refusals::kTellNothing || request.stale ? std::vector{before}
                                                                 : std::vector<KnownAccount>();
    default:
      if (delay.must || !SameContents(answer, ruling.answer)) return {};
      return {std::move(ruling.after)};
  }
}

std::vector<KnownAccount> WithRefillsLost(const KnownAccount& account, Waiting waiting) {
  std::vector<KnownAccount> states = {account};
  for (size_t record = 0; record < account.records.size(); ++record) {
    for (size_t i = 0; i < account.records[record].versions.size(); ++i) {
      if (!account.records[record].versions[i].refill_waits) continue;
      for (KnownAccount state : std::vector(states)) {
        KnownVersion& version = state.records[record].versions[i];
        version.spent = version.spent_before;
        version.counted = std::move(version.counted_before);
        version.refill_waits = false;
        version.spent_before = 0;
        version.counted_before.clear();
        states.push_back(std::move(state));
      }
    }
  }
  if (waiting == Waiting::kMayStillWait) return states;
  for (KnownAccount& state : states) {
    for (KnownRecord& record : state.records) {
      for (KnownVersion& version : record.versions) {
        version.refill_waits = false;
        version.spent_before = 0;
        version.counted_before.clear();
      }
    }
  }
  return states;
}

KnownAccount Lowered(KnownAccount account, uint32_t floor) {
  for (KnownRecord& record : account.records) {
    for (KnownVersion& version : record.versions) {
      if (version.left() > floor) version.spent = version.limit - floor;
    }
  }
  return account;
}

}  // namespace labrec::sim
