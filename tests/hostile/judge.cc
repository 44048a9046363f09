#include "tests/hostile/judge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "recovery/api/limits.h"
#include "recovery/api/wire/config_message.h"
#include "recovery/api/wire/registration_messages.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/report/tally.h"

namespace labrec::hostile {

namespace wire = recovery::wire;
using recovery::client::LeastFrom;
using recovery::client::RealmCondition;
using recovery::client::RealmReport;

namespace {

bool IsUsable(const wire::GetRecordResponse& truth) {
  return truth.state == wire::RecordState::kUsable || truth.state == wire::RecordState::kLocked;
}

const wire::RecordVersion* Find(const wire::GetRecordResponse& truth, uint32_t version) {
  if (!IsUsable(truth)) return nullptr;
  const auto at = std::ranges::find(truth.versions, version, &wire::RecordVersion::version);
  return at == truth.versions.end() ? nullptr : &*at;
}

// The version that the request is about; 0: none.
uint32_t VersionOf(const Sent& sent) {
  if (sent.method != "Evaluate" && sent.method != "BeginUnlock" && sent.method != "Unlock" &&
      sent.method != "Activate" && sent.method != "BeginRegistration") {
    return 0;
  }
  const auto request = wire::Decode<wire::BeginUnlockRequest>(sent.body);  // these begin alike
  return request ? request->version : 0;
}

bool WasEvaluated(const Sent& sent) {
  if (sent.method != "Evaluate" || !sent.truth || !sent.truth->status.ok()) return false;
  const auto response = wire::Decode<wire::EvaluateResponse>(sent.truth->body);
  return response && std::holds_alternative<wire::Evaluated>(response->outcome);
}

bool IsRefusal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) &&
         status.message().find("realms may have made it up") != absl::string_view::npos;
}

}  // namespace

size_t Judge::HonestThatAnswer() const {
  size_t count = 0;
  for (size_t i = 0; i < plan_.realms; ++i) count += Answers(i) ? 1 : 0;
  return count;
}

bool Judge::IsProtected(uint32_t least) const {
  if (stage_.liars() < least) return true;
  return stage_.liars() < plan_.threshold && IsOffered();
}

bool Judge::IsOffered() const {
  for (size_t i = 0; i < plan_.realms; ++i) {
    if (Answers(i) && IsUsable(before_[i]) && !before_[i].versions.empty()) return true;
  }
  return false;
}

bool Judge::IsRightEverywhere(const std::string& pin) const {
  bool any = false;
  for (const auto& realm : before_) {
    if (!IsUsable(realm)) continue;
    for (const wire::RecordVersion& version : realm.versions) {
      const auto made = made_.find(version.config);
      if (made == made_.end() || made->second.pin != pin) return false;
      any = true;
    }
  }
  return any;
}

bool Judge::IsWrongEverywhere(const std::string& pin) const {
  return std::ranges::none_of(made_, [&](const auto& each) { return each.second.pin == pin; });
}

bool Judge::IsThere() const {
  uint32_t newest = 0;
  for (const auto& realm : before_) {
    if (!IsUsable(realm)) continue;
    for (const wire::RecordVersion& version : realm.versions) newest = std::max(newest, version.version);
  }
  if (newest == 0) return false;
  size_t there = 0;
  const Bytes* config = nullptr;
  for (size_t i = 0; i < plan_.realms; ++i) {
    const wire::RecordVersion* version = Find(before_[i], newest);
    if (version == nullptr) continue;
    if (config != nullptr && *config != version->config) return false;
    config = &version->config;
    if (Answers(i) && version->remaining.value_or(0) > 0 && version->locked_until_ms == 0) ++there;
  }
  const auto offered = wire::Decode<wire::RecordConfig>(*config);  // the liars' own may take more realms
  return offered && there >= std::max({plan_.threshold, offered->threshold, plan_.least.realms});
}

bool Judge::IsOfTheLiars() const {
  return std::ranges::any_of(before_, [&](const auto& realm) {
    return IsUsable(realm) && std::ranges::any_of(realm.versions, [&](const wire::RecordVersion& version) {
             const auto made = made_.find(version.config);
             return made != made_.end() && made->second.is_the_liars;
           });
  });
}

void Judge::Guesses(uint32_t entries) {
  for (size_t i = 0; i < plan_.realms; ++i) {
    if (!IsHonest(i)) continue;
    std::set<Bytes> elements;
    for (const Sent& sent : stage_.sent) {
      if (sent.realm == i && WasEvaluated(sent)) {
        elements.insert(wire::Decode<wire::EvaluateRequest>(sent.body)->elements.at(0));
      }
    }
    if (elements.size() <= entries) continue;
    Broken("guess", absl::StrCat("one entry of the PIN cost ", elements.size(), " guesses at realm ", i));
  }
}

// Whoever sees a version unlocked knows that the PIN was right.
void Judge::Revealed() {
  std::set<uint32_t> own;  // that this operation registers
  std::map<uint32_t, std::set<size_t>> evaluated;
  for (const Sent& sent : stage_.sent) {
    const uint32_t version = VersionOf(sent);
    if (sent.method == "BeginRegistration") own.insert(version);
    if (IsHonest(sent.realm) && WasEvaluated(sent)) evaluated[version].insert(sent.realm);
    const bool reveals = sent.method == "BeginUnlock" || sent.method == "Unlock" || sent.method == "Activate";
    if (!reveals || own.contains(version)) continue;
    const size_t needed =
        std::max<size_t>(1, plan_.threshold > stage_.liars() ? plan_.threshold - stage_.liars() : 1);
    if (evaluated[version].size() >= needed) continue;
    Broken("leak", absl::StrCat(sent.method, " of version ", version, " says at realm ", sent.realm,
                                " that the PIN is right, after ", evaluated[version].size(),
                                " guesses at honest realms"));
    return;
  }
}

void Judge::Calls(uint32_t entries, uint32_t least) {
  if (!stage_.stuck.empty()) Broken("ends", stage_.stuck);
  for (const Sent& sent : stage_.sent) {
    if (!sent.token_is_right)
      Broken("token", absl::StrCat("realm ", sent.realm, " was sent another's token"));
    if (sent.may_be_sent) continue;
    Broken("unproven", absl::StrCat("realm ", sent.realm, ", which proved nothing, was sent ", sent.method));
    break;
  }
  Guesses(entries);
  if (IsProtected(least)) Revealed();
}

void Judge::ProvenKeys(const std::vector<RealmReport>& reports) {
  if (!plan_.demands_proof) return;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].condition != RealmCondition::kGood) continue;
    const bool proven = std::ranges::any_of(
        stage_.sent, [&](const Sent& sent) { return sent.realm == i && sent.came_on_proven_key; });
    if (!proven)
      Broken("relay", absl::StrCat("realm ", i, " did its part on another TLS key than the proven one"));
  }
}

void Judge::Secret(const recovery::client::Recovered& recovered, const std::string& pin) {
  ProvenKeys(recovered.reports);
  if (!IsProtected(plan_.least.realms)) return;
  for (const auto& [config, made] : made_) {
    if (made.pin != pin) continue;
    const bool sealed = std::ranges::any_of(
        made.secrets, [&](const std::string& secret) { return recovered.secret.Equals(AsBytes(secret)); });
    if (sealed || made.is_the_liars) return;
  }
  Broken("secret", "what came back is not what was sealed under this PIN");
}

// "Destroyed" and "not registered" are said of enough realms only.
void Judge::Believed(const recovery::client::RecoverOutcome& outcome) {
  const bool destroyed = std::holds_alternative<recovery::client::Destroyed>(outcome);
  if (!destroyed && !std::holds_alternative<recovery::client::NotRegistered>(outcome)) return;
  const auto state = destroyed ? wire::RecordState::kDestroyed : wire::RecordState::kNotRegistered;
  size_t truly = 0;
  for (size_t i = 0; i < plan_.realms; ++i) truly += IsHonest(i) && after_[i].state == state ? 1 : 0;
  // What a realm offers may take fewer realms than the client goes by; where none does, nobody can say so.
  const uint32_t least = IsOffered() ? std::min(plan_.threshold, plan_.least.realms) : plan_.least.realms;
  if (truly + stage_.liars() >= recovery::client::RealmsThatSettle(plan_.realms, least)) return;
  Broken("believed", absl::StrCat("the record is said to be ", destroyed ? "destroyed" : "not registered",
                                  ", and ", truly, " honest realms say so"));
}

void Judge::NothingErased(const std::string& pin) {
  // Where fewer than T honest realms have it and answer, a right PIN that a liar answers wrongly cannot be
  // told from a wrong one.
  if (!IsThere() || !IsProtected(plan_.least.realms) || !IsRightEverywhere(pin)) return;
  for (size_t i = 0; i < plan_.realms; ++i) {
    const bool was = before_[i].state == wire::RecordState::kDestroyed;
    if (!IsHonest(i) || was || after_[i].state != wire::RecordState::kDestroyed) continue;
    Broken("erased", absl::StrCat("the right PIN made realm ", i, " erase the record"));
  }
}

void Judge::Recover(const absl::StatusOr<recovery::client::RecoverOutcome>& outcome, const std::string& pin) {
  Calls(1, plan_.least.realms);
  NothingErased(pin);
  if (outcome.ok()) Believed(*outcome);
  const auto* recovered = outcome.ok() ? std::get_if<recovery::client::Recovered>(&*outcome) : nullptr;
  if (recovered != nullptr) Secret(*recovered, pin);
  const bool few = stage_.liars() + plan_.threshold <= plan_.realms && IsProtected(plan_.least.realms) &&
                   stage_.liars() < plan_.least.realms;
  if (!few || !IsThere() || !stage_.stuck.empty()) return;
  if (plan_.least.from == LeastFrom::kDefault && IsRefusal(outcome.status())) return;
  if (IsRightEverywhere(pin) && recovered == nullptr) {
    Broken("lost", absl::StrCat("the right PIN did not bring the secret back: ",
                                outcome.ok() ? absl::StrCat("outcome ", outcome->index())
                                             : std::string(outcome.status().message())));
  }
  const bool said_wrong = outcome.ok() && std::holds_alternative<recovery::client::WrongPin>(*outcome);
  if (IsWrongEverywhere(pin) && !said_wrong) {
    Broken("wrong", absl::StrCat("a wrong PIN was not said to be one: ",
                                 outcome.ok() ? absl::StrCat("outcome ", outcome->index())
                                              : std::string(outcome.status().message())));
  }
}

// What goes out is what was asked for.
void Judge::Configs() {
  for (const Sent& sent : stage_.sent) {
    if (sent.method == "BeginRegistration" && IsHonest(sent.realm) && stage_.liars() < plan_.threshold) {
      const uint32_t version = VersionOf(sent);
      uint32_t honest = 0;
      for (size_t i = 0; i < plan_.realms; ++i) {
        if (IsHonest(i)) honest = std::max(honest, before_[i].highest_version);
      }
      if (version == 0 || version > honest + recovery::kMostVersionStep) {
        Broken("version", absl::StrCat("version ", version, " follows ", honest));
      }
    }
    if (sent.method != "FinishRegistration") continue;
    const auto request = wire::Decode<wire::FinishRegistrationRequest>(sent.body);
    const auto config = request ? wire::Decode<wire::RecordConfig>(request->config) : std::nullopt;
    const size_t least = move_.everywhere ? plan_.realms : plan_.threshold;
    if (config && config->threshold == plan_.threshold && config->guess_limit <= plan_.guess_limit &&
        config->guess_limit > 0 && config->realms.size() >= least &&
        (plan_.chips || config->enforcement == wire::Enforcement::kLedger)) {
      continue;
    }
    Broken("policy", absl::StrCat("realm ", sent.realm, " was given a config that was not asked for"));
    return;
  }
}

void Judge::Holders(const recovery::client::Sealed& sealed) {
  size_t hold = 0;
  size_t active = 0;
  for (size_t i = 0; i < plan_.realms; ++i) {
    if (!IsHonest(i)) continue;
    const wire::RecordVersion* version = Find(after_[i], sealed.version);
    const bool is_active = version != nullptr && version->stage == wire::VersionStage::kActive;
    hold += version != nullptr ? 1 : 0;
    active += is_active ? 1 : 0;
    const RealmCondition said = sealed.reports[i].condition;
    if ((said == RealmCondition::kGood && !is_active) ||
        (said == RealmCondition::kPending && version == nullptr)) {
      Broken("holders",
             absl::StrCat("realm ", i, " is said to hold version ", sealed.version, ", and does not"));
    }
  }
  if (sealed.holders > hold + stage_.liars() || sealed.holders < plan_.threshold) {
    Broken("holders", absl::StrCat("it is said to be at ", sealed.holders, " realms, and ", hold,
                                   " honest ones of ", plan_.realms, " hold it"));
  }
  if (sealed.complete &&
      active + stage_.liars() < recovery::client::RealmsThatSettle(plan_.realms, plan_.threshold)) {
    Broken("complete",
           absl::StrCat("it is said to be complete, and ", active, " honest realms have activated it"));
  }
}

void Judge::Threshold(const recovery::client::Sealed& sealed) {
  if (sealed.threshold != plan_.threshold) Broken("policy", "another threshold is said than was asked for");
}

void Judge::Seal(const absl::StatusOr<recovery::client::Sealed>& outcome) {
  Calls(2, std::max(recovery::client::Majority(plan_.realms), plan_.threshold));
  Configs();
  if (outcome.ok()) Holders(*outcome);
  if (outcome.ok()) Threshold(*outcome);
  if (outcome.ok()) ProvenKeys(outcome->reports);
  const size_t honest = HonestThatAnswer();
  const bool few = stage_.liars() + plan_.threshold <= plan_.realms && stage_.liars() < plan_.threshold;
  if (move_.everywhere || !few || honest < plan_.threshold || honest < (honest + stage_.liars()) / 2 + 1)
    return;
  if (plan_.demands_proof || !stage_.stuck.empty() || outcome.ok()) return;
  Broken("blocked", absl::StrCat("nothing can be sealed: ", outcome.status().message()));
}

void Judge::ChangePin(const absl::StatusOr<recovery::client::PinChange>& outcome,
                      const std::string& old_pin) {
  Calls(1, plan_.least.realms);
  // What the liars made up, now or in a move before, is sealed again as it was made up.
  const bool own = IsProtected(plan_.least.realms) && !IsOfTheLiars();
  if (own) Configs();
  NothingErased(old_pin);
  const auto* sealed = outcome.ok() ? std::get_if<recovery::client::Sealed>(&*outcome) : nullptr;
  if (sealed != nullptr) Holders(*sealed);
  if (sealed != nullptr && own) Threshold(*sealed);
  if (sealed != nullptr) ProvenKeys(sealed->reports);
  const bool few = stage_.liars() + plan_.threshold <= plan_.realms && stage_.liars() < plan_.least.realms;
  if (!few || !IsThere() || !IsRightEverywhere(old_pin) || !outcome.ok() || sealed != nullptr) return;
  Broken("lost", absl::StrCat("the right old PIN was not taken: outcome ", outcome->index()));
}

void Judge::Devices(const std::vector<RealmReport>& reports,
                    const std::vector<wire::ListDevicesResponse>& devices, const Bytes& device, bool there) {
  Calls(0, 1);
  for (size_t i = 0; i < reports.size(); ++i) {
    if (!IsHonest(i) || reports[i].condition != RealmCondition::kGood) continue;
    const bool is_there = std::ranges::any_of(
        devices[i].devices, [&](const wire::DeviceInfo& info) { return info.device_id == device; });
    if (is_there == there) continue;
    Broken("device",
           absl::StrCat("realm ", i, " is said to have ", there ? "enrolled" : "revoked", " the device"));
  }
}

bool Judge::ShowedTooMuch(size_t realm, const std::string& method) const {
  return std::ranges::any_of(stage_.sent, [&](const Sent& sent) {
    return sent.realm == realm && sent.method == method && sent.is_too_long;
  });
}

void Judge::Status(const recovery::client::RecordStatus& status) {
  for (size_t i = 0; i < status.realms.size(); ++i) {
    const recovery::client::RealmStatus& realm = status.realms[i];
    if (realm.guess_delays && realm.guess_delays->size() > recovery::kMostGuesses)
      Broken("long list", absl::StrCat("realm ", i, ": ", realm.guess_delays->size(), " delays are said"));
    if (realm.report.condition == RealmCondition::kGood && ShowedTooMuch(i, "GetRecord"))
      Broken("long list", absl::StrCat("realm ", i, " showed more versions than there can be, and is good"));
  }
}

void Judge::DeviceLists(const std::vector<recovery::client::DeviceList>& lists,
                        const std::vector<wire::ListDevicesResponse>& devices) {
  for (size_t i = 0; i < lists.size(); ++i) {
    const recovery::client::DeviceList& list = lists[i];
    const std::string said = absl::StrCat("realm ", i, ": ", list.devices.size(), " devices are said");
    if (list.devices.size() > recovery::kMostDevices) Broken("long list", said);
    if (list.report.condition != RealmCondition::kGood) continue;
    if (ShowedTooMuch(i, "ListDevices")) Broken("long list", absl::StrCat(said, ", and it is good"));
    if (IsHonest(i) && list.devices.size() != devices[i].devices.size())
      Broken("device", absl::StrCat(said, " of ", devices[i].devices.size()));
  }
}

}  // namespace labrec::hostile
