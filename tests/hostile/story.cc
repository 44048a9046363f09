#include "tests/hostile/story.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/api/wire/config_message.h"
#include "recovery/api/wire/registration_messages.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/operations/attest.h"
#include "recovery/client/operations/change_pin.h"
#include "recovery/client/operations/delete_record.h"
#include "recovery/client/operations/devices.h"
#include "recovery/client/operations/recover.h"
#include "recovery/client/operations/seal.h"
#include "recovery/client/operations/status.h"
#include "tests/hostile/chip/judge.h"
#include "tests/hostile/people.h"

namespace labrec::hostile {
namespace {

namespace core = recovery::client::core;
namespace wire = recovery::wire;
using core::Account;
using core::Scope;
using recovery::client::DeviceKey;
using recovery::client::Holders;
using recovery::client::RealmReport;
using recovery::client::Sealed;
using Reports = std::vector<RealmReport>;

constexpr char kWrongPin[] = "a wrong PIN";
int stories = 0;  // of this process

class Story {
 public:
  Story(World& world, const Plan& plan, const Omitted& omitted)
      : world_(world),
        plan_(plan),
        omitted_(omitted),
        account_(absl::StrCat("s", plan.seed, "-", ++stories)),
        stage_(world, plan, omitted.lies, account_) {}

  StoryReport Run() {
    stage_.Run<Reports>([&](Scope& scope, Account& account) {
      return core::EnrollDevice(scope, account, phone_.public_key(), phone_key_, "phone", nullptr);
    });
    if (plan_.demands_proof) Prove();
    for (size_t i = 0; i < plan_.moves.size() && report_.violations.empty(); ++i) {
      if (!omitted_.moves.contains(i)) Play(i);
    }
    report_.lies = stage_.lies;
    if (plan_.chips) ClearChips();
    return std::move(report_);
  }

 private:
  Truth TruthNow() {
    Truth truth;
    for (size_t i = 0; i < plan_.realms; ++i) truth.push_back(stage_.At(i).Record(account_, kRecord));
    return truth;
  }
  std::vector<wire::ListDevicesResponse> DevicesNow() {
    std::vector<wire::ListDevicesResponse> devices;
    for (size_t i = 0; i < plan_.realms; ++i) devices.push_back(stage_.At(i).Devices(account_));
    return devices;
  }
  // Of the certified chips, whatever stands in their place.
  ChipTruth ChipsNow() {
    ChipTruth chips;
    for (size_t i = 0; plan_.chips && i < plan_.realms; ++i)
      chips.push_back(world_.realms[i]->chip()->Uses());
    return chips;
  }
  // Every realm has the record, in a config that all are in.
  bool IsThereEverywhere() const {
    return std::ranges::all_of(before_, [&](const auto& realm) {
      if (realm.versions.empty()) return false;
      const auto config = wire::Decode<wire::RecordConfig>(realm.versions.front().config);
      return config && config->realms.size() == plan_.realms;
    });
  }
  // The chips' room is for the next story.
  void ClearChips() {
    stage_.Begin(0, "");
    stage_.StopLying();
    stage_.Run<Reports>([&](Scope& scope, Account& account) {
      return core::DeleteRecord(scope, account, kRecord, phone_key_);
    });
  }
  void Line(std::string line) { report_.transcript.push_back(std::move(line)); }

  // No realm here has a TPM, so none proves anything, whatever it answers. Then the honest ones, and liars
  // that will be other programs on another TLS key, are taken for proven.
  void Prove() {
    std::set<size_t> proven;
    for (size_t i = 0; i < plan_.realms; ++i) proven.insert(i);
    stage_.Demand({});
    stage_.Begin(0, "");
    recovery::client::AttestDemand demand;
    const auto answers = stage_.Run<core::Proofs>(
        [&](Scope& scope, Account& account) { return core::RequireProofs(scope, account, demand); });
    for (size_t i = 0; answers && answers->ok() && i < (**answers).size(); ++i) {
      if ((**answers)[i].ok())
        Broken({"unproven", absl::StrCat("realm ", i, " proved itself without a TPM")});
    }
    for (const Liar& liar : plan_.liars) {
      if (liar.kind != LieKind::kOtherKey && liar.realm % 2 == 0) proven.erase(liar.realm);
    }
    stage_.Demand(proven);
  }
  void Broken(Violation violation) { report_.violations.push_back(std::move(violation)); }

  void Play(size_t at) {
    const Move& move = plan_.moves[at];
    world_.clock.Advance(1000);
    const std::string entered = move.act == Act::kRecoverWrong ? kWrongPin
                                : move.act == Act::kSeal       ? PinText(move.pin)
                                                               : pin_;
    stage_.Begin(at, entered);
    Line(absl::StrCat("move ", at, ": ", NameOf(move.act), ", \"", entered, "\""));
    ++report_.counts[NameOf(move.act)];
    before_ = after_.empty() ? TruthNow() : std::move(after_);
    after_.clear();
    chips_before_ = ChipsNow();
    act_ = move.act;
    switch (move.act) {
      case Act::kSeal:
        return Seal(move, entered);
      case Act::kRecover:
      case Act::kRecoverWrong:
        return Recover(move, entered);
      case Act::kChangePin:
        return ChangePin(move, PinText(move.pin));
      case Act::kHeal:
        return ChangePin(move, pin_);
      case Act::kStatus:
        return Status(move);
      case Act::kEnroll:
      case Act::kRevoke:
        return Devices(move);
      case Act::kThief:
        return Thief(move);
    }
  }

  // After the operation: writes down what went out, and hands over a judge.
  Judge End(const Move& move, const std::string& outcome) {
    for (const Sent& sent : stage_.sent) {
      Line(absl::StrCat("  realm ", sent.realm, " ", sent.method, " -> ", sent.came));
    }
    Line(absl::StrCat("  = ", outcome));
    ++report_.counts[absl::StrCat(NameOf(move.act), " = ", outcome.substr(0, outcome.find(':')))];
    report_.counts["calls"] += stage_.sent.size();
    if (stage_.forged_version) ++report_.counts["moves with a forged version"];
    after_ = TruthNow();
    return {plan_, move, stage_, made_, before_, after_};
  }
  void Finish(Judge judge) {
    if (plan_.chips) {
      for (Violation& violation : JudgeChips({plan_, stage_, act_, before_, chips_before_, ChipsNow()}))
        Broken(std::move(violation));
    }
    for (Violation& violation : judge.violations) Broken(std::move(violation));
  }
  void NoteMade(const Made& made) {
    for (const Sent& sent : stage_.sent) {
      if (sent.method != "FinishRegistration") continue;
      const auto request = wire::Decode<wire::FinishRegistrationRequest>(sent.body);
      if (request) made_[request->config] = made;
    }
  }

  void Seal(const Move& move, const std::string& pin) {
    recovery::client::SealRequest request = SmallSeal();
    request.threshold = plan_.threshold;
    request.guess_limit = plan_.guess_limit;
    request.holders = move.everywhere ? Holders::kEveryRealm : Holders::kThreshold;
    request.enforcement = recovery::client::Enforcement::kLedger;
    if (plan_.chips) {
      request.enforcement = plan_.every_chip ? recovery::client::Enforcement::kChip
                                             : recovery::client::Enforcement::kChipOrLedger;
      request.trust.roots = world_.chip_roots;
      // Who counted goes on counting, where nobody says who is to count.
      if (IsThereEverywhere()) request.enforcement.reset();
    }
    const std::string text = absl::StrCat("secret ", made_.size());
    const SecretBytes secret = SecretOf(text);
    const SecretBytes pin_bytes = SecretOf(pin);
    const auto sealed = stage_.Run<Sealed>([&](Scope& scope, Account& account) {
      return core::Seal(scope, account, request, secret, pin_bytes, phone_key_);
    });
    NoteMade({pin, {text}, false});
    const absl::StatusOr<Sealed> none = absl::UnknownError("it did not end");
    const absl::StatusOr<Sealed>& result = sealed ? *sealed : none;
    if (result.ok()) pin_ = pin;
    Judge judge = End(move, result.ok() ? absl::StrCat("sealed: version ", result->version, " at ",
                                                       result->holders, result->complete ? ", complete" : "")
                                        : absl::StrCat("error: ", result.status().message()));
    judge.Seal(result);
    Finish(std::move(judge));
  }

  recovery::client::RecoverRequest NewRecover() const {
    recovery::client::RecoverRequest request;
    request.record = kRecord;
    request.least_realms = plan_.least.realms;
    request.least_from = plan_.least.from;
    return request;
  }
  static std::string InWords(const absl::StatusOr<recovery::client::RecoverOutcome>& outcome) {
    constexpr const char* kNames[] = {"recovered", "wrong PIN", "locked",
                                      "used up",   "destroyed", "not registered"};
    if (outcome.ok()) return kNames[outcome->index()];
    return absl::StrCat("error: ", outcome.status().message());
  }

  void Recover(const Move& move, const std::string& pin) {
    using Outcome = recovery::client::RecoverOutcome;
    const SecretBytes pin_bytes = SecretOf(pin);
    const auto outcome = stage_.Run<Outcome>([&](Scope& scope, Account& account) {
      return core::Recover(scope, account, NewRecover(), pin_bytes);
    });
    const absl::StatusOr<Outcome> none = absl::UnknownError("it did not end");
    const absl::StatusOr<Outcome>& result = outcome ? *outcome : none;
    Judge judge = End(move, InWords(result));
    judge.Recover(result, pin);
    Finish(std::move(judge));
  }

  void ChangePin(const Move& move, const std::string& new_pin) {
    using Change = recovery::client::PinChange;
    const SecretBytes old_bytes = SecretOf(pin_);
    const SecretBytes new_bytes = SecretOf(new_pin);
    Made made{new_pin, {}, false};
    for (const auto& realm : before_) {
      for (const auto& version : realm.versions) {
        const auto old = made_.find(version.config);
        if (old == made_.end() || old->second.pin != pin_) continue;
        made.secrets.insert(old->second.secrets.begin(), old->second.secrets.end());
        made.is_the_liars |= old->second.is_the_liars;
      }
    }
    Move as = move;
    as.everywhere |= move.act == Act::kHeal;
    const auto outcome = stage_.Run<Change>([&](Scope& scope, Account& account) {
      return core::ChangePin(scope, account, NewRecover(),
                             as.everywhere ? Holders::kEveryRealm : Holders::kThreshold, old_bytes, new_bytes,
                             &phone_key_);
    });
    const absl::StatusOr<Change> none = absl::UnknownError("it did not end");
    const absl::StatusOr<Change>& result = outcome ? *outcome : none;
    std::string words = absl::StrCat("error: ", result.status().message());
    if (result.ok()) words = std::holds_alternative<Sealed>(*result) ? "changed" : "not changed";
    const std::string old_pin = pin_;
    if (words == "changed") pin_ = new_pin;
    after_move_ = as;
    Judge judge = End(after_move_, words);
    made.is_the_liars |= !judge.IsProtected(plan_.least.realms);
    NoteMade(made);
    judge.ChangePin(result, old_pin);
    Finish(std::move(judge));
  }

  void Status(const Move& move) {
    const auto status = stage_.Run<recovery::client::RecordStatus>([&](Scope& scope, Account& account) {
      return core::GetStatus(scope, account, kRecord, plan_.least);
    });
    const auto lists = stage_.Run<std::vector<recovery::client::DeviceList>>(
        [](Scope& scope, Account& account) { return core::ListDevices(scope, account); });
    Judge judge = End(move, status && status->ok() ? "said" : "error");
    judge.Calls(0, plan_.least.realms);
    if (status && status->ok()) judge.Status(**status);
    if (lists && lists->ok()) judge.DeviceLists(**lists, DevicesNow());
    Finish(std::move(judge));
  }

  void Devices(const Move& move) {
    const RequestId id = tablet_.public_key().DeviceId();
    const auto reports = stage_.Run<Reports>([&](Scope& scope, Account& account) {
      if (move.act == Act::kRevoke) return core::RevokeDevice(scope, account, id, phone_key_);
      return core::EnrollDevice(scope, account, tablet_.public_key(), tablet_key_, "tablet", &phone_key_);
    });
    Judge judge = End(move, reports && reports->ok() ? "said" : "error");
    if (reports && reports->ok()) {
      judge.Devices(**reports, DevicesNow(), ToBytes(id), move.act == Act::kEnroll);
    }
    Finish(std::move(judge));
  }

  // Who has a liar's host uses its chip beside the realm's service, and leaves the owner one use.
  void ChipThief(const Move& move) {
    for (const Liar& liar : plan_.liars) {
      WatchedDevice& chip = *stage_.At(liar.realm).chip();
      for (const auto& [index, use] : chip.Uses()) {
        for (uint32_t n = 0; n < move.guesses && n + 1 < use.left(); ++n) chip.Steal(index);
      }
    }
    Line(absl::StrCat("  ", move.guesses, " by the chip itself"));
  }

  void Thief(const Move& move) {
    if (plan_.chips) return ChipThief(move);
    for (size_t i = 0; i < plan_.realms; ++i) {
      if (before_[i].versions.empty()) continue;
      const auto& version = before_[i].versions.front();
      for (uint32_t n = 0; n < std::min(move.guesses, version.remaining.value_or(0)); ++n) {
        world_.realms[i]->Guess(account_, kRecord, version.version, ++thief_);
      }
    }
    Line(absl::StrCat("  ", move.guesses, " at each realm"));
  }

  using RequestId = std::array<uint8_t, 16>;
  World& world_;
  const Plan& plan_;
  const Omitted& omitted_;
  const std::string account_;
  Stage stage_;
  const DeviceKey phone_ = DeviceKey::Make();
  const DeviceKey tablet_ = DeviceKey::Make();
  const core::KeyAtHand phone_key_{phone_};
  const core::KeyAtHand tablet_key_{tablet_};
  std::string pin_ = PinText(0);
  AllMade made_;
  Truth before_;
  Truth after_;
  ChipTruth chips_before_;
  Act act_ = Act::kSeal;  // under way
  Move after_move_;
  uint64_t thief_ = 0;
  StoryReport report_;
};

}  // namespace

StoryReport RunStory(World& world, const Plan& plan, const Omitted& omitted) {
  return Story(world, plan, omitted).Run();
}

}  // namespace labrec::hostile
