#include <algorithm>

#include "tests/simulation/household/household.h"

// What a household asks for. Records, versions and elements are few, so that requests meet.
namespace labrec::sim {
namespace {

constexpr uint64_t kElements = 6;

Signer ByDevice(int device) {
  Signer signer;
  signer.kind = Signer::Kind::kDevice;
  signer.device = device;
  return signer;
}

Signer ByKey(size_t record, uint32_t version, uint32_t serial) {
  return {Signer::Kind::kUnlockKey, kNoDevice, record, version, serial};
}

}  // namespace

uint32_t Household::NewRegistration(size_t record, uint32_t number, bool thiefs) {
  const auto serial = static_cast<uint32_t>(registrations_.size() + 1);
  Registration registration;
  registration.record = record;
  registration.number = number;
  registration.limit = static_cast<uint32_t>(dice_.Between(1, most_limit_));
  registration.thiefs = thiefs;
  promises_.Register(serial, thiefs, registration.limit);
  registrations_.emplace(serial, std::move(registration));
  return serial;
}

// Mostly one that is good: a device of the party, or the key of a version of its own. Now and then one that
// may be revoked, or whose version is pending or replaced.
Signer Household::DrawSigner(bool thiefs, size_t record) {
  std::vector<Signer> keys;
  for (const auto& [serial, registration] : registrations_) {
    if (registration.thiefs == thiefs && (registration.record == record || dice_.Chance(100))) {
      keys.push_back(ByKey(registration.record, registration.number, serial));
    }
  }
  if (!keys.empty() && dice_.Chance(400)) {
    if (dice_.Chance(500)) return keys[dice_.Below(keys.size())];
    for (const Signer& key : keys) {
      const KnownVersion* version = Likely().records[key.record].Find(key.version);
      if (version != nullptr && version->serial == key.serial) return key;
    }
  }
  if (!thiefs) return ByDevice(kPhone);
  if (dice_.Chance(100)) return {};
  return ByDevice(dice_.Chance(650) ? kStolen : kOther);
}

Request Household::DrawGuess(bool thiefs) {
  Request request;
  request.kind = Request::Kind::kEvaluate;
  request.thiefs = thiefs;
  request.record = dice_.Chance(850) ? 0 : 1;
  const KnownRecord& record = Likely().records[request.record];
  request.version = record.versions.empty() ? 1 : record.versions[dice_.Below(record.versions.size())].number;
  request.element = static_cast<uint32_t>(dice_.Below(kElements));
  return request;
}

Request Household::DrawUnlock(bool thiefs) {
  std::vector<Request> choice;
  for (size_t record = 0; record < kRecordsOfHousehold; ++record) {
    for (const KnownVersion& version : Likely().records[record].versions) {
      if (registrations_.at(version.serial).thiefs != thiefs) continue;
      Request request;
      request.kind = Request::Kind::kUnlock;
      request.thiefs = thiefs;
      request.record = record;
      request.version = version.number;
      request.serial = version.serial;
      choice.push_back(request);
    }
  }
  return choice.empty() ? DrawGuess(thiefs) : choice[dice_.Below(choice.size())];
}

Request Household::DrawFinish(bool thiefs) {
  Request request;
  request.kind = Request::Kind::kFinish;
  request.thiefs = thiefs;
  // Now and then one that was sent, or only begun, before.
  const bool again = !registrations_.empty() && dice_.Chance(250);
  const auto old = static_cast<uint32_t>(dice_.Between(1, std::max<size_t>(registrations_.size(), 1)));
  if (again && registrations_.at(old).thiefs == thiefs) {
    request.serial = old;
    request.stale = dice_.Chance(500);
  } else {
    const size_t record = dice_.Chance(thiefs ? 600 : 850) ? 0 : 1;
    const auto step = static_cast<uint32_t>(dice_.Chance(900) ? 1 : dice_.Between(0, 3));
    const uint32_t number = std::max(Likely().records[record].highest + step, 1U);
    request.serial = NewRegistration(record, number, thiefs);
    request.begins_only = dice_.Chance(100);
  }
  const Registration& registration = registrations_.at(request.serial);
  request.record = registration.record;
  request.version = registration.number;
  request.limit = registration.limit;
  request.signer = DrawSigner(thiefs, request.record);
  return request;
}

Request Household::DrawDevices(bool thiefs, Request::Kind kind) {
  Request request;
  request.kind = kind;
  request.thiefs = thiefs;
  const bool adds = kind == Request::Kind::kEnroll;
  request.device = thiefs == adds ? (adds || dice_.Chance(500) ? kOther : kPhone) : (adds ? kPhone : kStolen);
  if (thiefs && !adds) request.device = dice_.Chance(800) ? kPhone : kStolen;
  request.signer = DrawSigner(thiefs, dice_.Chance(700) ? 0 : 1);
  return request;
}

// What needs no batch: to look, or to ask once more for what was done.
Request Household::DrawUnchanging() {
  Request request = DrawGuess(dice_.Chance(500));
  const KnownVersion* version = Likely().records[request.record].Find(request.version);
  if (version != nullptr && !version->counted.empty() && dice_.Chance(400)) {
    request.element = *version->counted.begin();
    return request;
  }
  constexpr Request::Kind kKinds[] = {Request::Kind::kLook, Request::Kind::kList, Request::Kind::kGetFloor,
                                      Request::Kind::kActivate};
  request.kind = kKinds[dice_.Below(std::size(kKinds))];
  request.signer = DrawSigner(request.thiefs, request.record);
  return request;
}

// At the same time. Now and then a device is revoked while it asks for something.
std::vector<Request> Household::DrawTogether() {
  std::vector<Request> requests;
  for (uint64_t count = dice_.Between(2, 3); count > 0; --count) requests.push_back(Draw());
  if (!dice_.Chance(400)) return requests;
  requests[0] = DrawDevices(false, Request::Kind::kRevoke);
  for (int tries = 0; tries < 20; ++tries) {
    Request request = Draw();
    if (request.signer.kind != Signer::Kind::kDevice || request.kind > Request::Kind::kRaiseFloor) continue;
    requests[0].device = request.signer.device;
    requests[1] = request;
    break;
  }
  return requests;
}

Request Household::Draw() {
  const bool thiefs = dice_.Chance(500);
  const uint64_t kind = dice_.Below(100);
  if (kind < 36) return DrawGuess(thiefs);
  if (kind < 46) return DrawUnlock(thiefs);
  if (kind < 60) return DrawFinish(thiefs);
  if (kind < 70) {
    Request request = DrawGuess(thiefs);
    const KnownRecord& record = Likely().records[request.record];
    if (!record.versions.empty()) request.version = record.versions.back().number;
    request.kind = Request::Kind::kActivate;
    request.signer = DrawSigner(thiefs, request.record);
    return request;
  }
  if (kind < 75) return DrawDevices(thiefs, Request::Kind::kEnroll);
  if (kind < 81) return DrawDevices(thiefs, Request::Kind::kRevoke);
  Request request = DrawGuess(thiefs);
  request.kind = kind < 83   ? Request::Kind::kDelete
                 : kind < 89 ? Request::Kind::kRaiseFloor
                 : kind < 92 ? Request::Kind::kGetFloor
                 : kind < 96 ? Request::Kind::kLook
                 : kind < 99 ? Request::Kind::kList
                             : Request::Kind::kChip;
  if (request.kind == Request::Kind::kRaiseFloor) request.floor = floor_ += dice_.Below(3);
  if (request.kind == Request::Kind::kRaiseFloor && request.floor == 0) request.floor = floor_ = 1;
  request.signer = DrawSigner(thiefs, request.record);
  return request;
}

}  // namespace labrec::sim
