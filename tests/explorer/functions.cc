#include "tests/explorer/functions.h"

#include <algorithm>
#include <functional>

#include "recovery/api/limits.h"
#include "recovery/record/rules/chip.h"
#include "recovery/record/rules/deletion.h"
#include "recovery/record/rules/devices.h"
#include "recovery/record/rules/erasure.h"
#include "recovery/record/rules/guessing.h"
#include "recovery/record/rules/registration.h"
#include "tests/explorer/mutations.h"

namespace labrec::recovery::explorer {
namespace {

// A move on its way through the functions.
class Making {
 public:
  Making(const Options& options, const Move& move, State& state, World& world)
      : options_(options), mutants_(options.mutants), move_(move), state_(state), world_(world) {}

  Result Guess();
  Result Repeat();
  Result Unlock();
  Result Begin();
  Result Finish();
  Result BeginChip();
  Result FinishChip();
  Result WriteChip();
  Result Activate();
  Result Revoke();
  Result Enroll();
  Result Delete();
  Result FinishX();
  Result ActivateX();
  Result DeleteX();
  Result FillNames();

 private:
  bool Has(Mutant mutant) const { return mutants_.Has(mutant); }
  const VersionState& Target() const { return *Find(static_cast<const State&>(state_), move_.target); }
  Party MakerOf(const VersionState& version) const { return static_cast<Party>(version.maker); }
  VerifiedSignature SignatureOf(const VersionState& version) const {
    return SignatureOfKey(MakerOf(version), version.serial);
  }
  // Another one than every version has now.
  uint8_t NextSerial() const {
    constexpr uint32_t kAboveAll = 10;
    return static_cast<uint8_t>(options_.backups() ? state_.registrations + 1 : NextNumber() + kAboveAll);
  }
  uint32_t NextNumber() const { return state_.highest + 1U; }
  Authority Signer() const;
  // The record whose unlock key signed.
  const std::optional<Record>& Unlocked() const { return move_.signer == kKeyOfX ? world_.x : world_.main; }
  // Calls with an authority that is good if a mutant has it so; takes that out of the account again.
  Result Signed(const std::function<Result(const Authority&)>& call);
  GuessChange Count(const CountGuess& request);
  Result AskChip(const VersionState& version, uint8_t element);
  Result Forget(std::optional<Record>& record, const DeviceId& device, const RecordName& name);
  FinishRegistration Finishing(uint32_t number, uint8_t serial, uint8_t limit, const Authority& by) const;

  const Options& options_;
  const MutantSet& mutants_;
  const Move& move_;
  State& state_;
  World& world_;
};

Authority Making::Signer() const {
  if (move_.kind == MoveKind::kAdmit) return ByOperator{};
  if (move_.signer == kNobody) return ByTokenHolder{};
  if (IsDevice(move_.signer)) {
    const auto device = static_cast<uint8_t>(move_.signer - kFirstDevice);
    return ByDevice{DeviceKey(device).DeviceId(), SignatureOfDevice(device)};
  }
  if (move_.signer == kKeyOfX) return ByUnlockKey{kX.record, 1, SignatureOfKey(kThief, kSerialOfX)};
  const auto number = static_cast<uint8_t>(move_.signer - kFirstKey);
  return ByUnlockKey{kMain.record, number, SignatureOf(*Find(static_cast<const State&>(state_), number))};
}

Result Making::Signed(const std::function<Result(const Authority&)>& call) {
  const bool pending =
      move_.signer == kKeyOfX
          ? state_.x_stage == kPendingStage
          : IsKeyOfMain(move_.signer) && Find(state_, move_.signer - kFirstKey)->stage == kPendingStage;
  if (!pending || !Has(Mutant::kPendingKeysSpeak)) return call(Signer());
  world_.account->devices.push_back(GoodForAll());
  const Result result = call(ByDevice{GoodForAll().id, SignatureOfDevice(kGoodForAll)});
  ForgetGoodForAll(world_.account, world_.main);
  ForgetGoodForAll(world_.account, world_.x);
  return result;
}

GuessChange Making::Count(const CountGuess& request) {
  pin::GuessPolicy policy;
  if (options_.delays) policy.delays.emplace_back(kDelay);
  const Record before = *world_.main;
  if (Has(Mutant::kOneLimit)) UseOneLimit(*world_.main);
  GuessChange change = ApplyGuess(world_.main, request, kNow, policy).value();
  if (Has(Mutant::kOneLimit)) RestoreLimits(before, *change.record);
  if (Has(Mutant::kCountOwnOnly)) RestoreOtherCounts(before, request.version, *change.record);
  if (Has(Mutant::kDestroyAll) && std::holds_alternative<Erased>(change.outcome)) {
    change = {Destroyed{}, Tombstone(before)};
  }
  if (!options_.delays) change.record->last_counted_ms = 0;
  return change;
}

Result Making::Guess() {
  const VersionState version = Target();
  constexpr uint8_t kNew = 99;
  const GuessChange change = Count({version.number, ElementOf(version.serial, kNew)});
  world_.main = change.record;
  if (std::holds_alternative<LockedUntil>(change.outcome)) return Result::kLocked;
  if (!std::holds_alternative<MayEvaluate>(change.outcome)) {
    if (world_.main->destroyed) state_.begun = state_.begun_by = 0;
    return Result::kGone;
  }
  if (move_.kind == MoveKind::kLostGuess) return Result::kCounted;
  return version.in_chip != 0 ? AskChip(version, kNew) : Result::kAnswered;
}

Result Making::Repeat() {
  const VersionState version = Target();
  const GuessChange change = Count({version.number, ElementOf(version.serial, version.answers)});
  world_.main = change.record;
  return AskChip(version, version.answers);
}

Result Making::AskChip(const VersionState& version, uint8_t element) {
  const ChipVersion which{version.number, IndexOf(version.serial)};
  if (version.chip_count >= version.limit) {
    world_.main = ApplyChipSpent(world_.main, {which}).value();
    return Result::kGone;
  }
  world_.main = ApplyChipEvaluated(world_.main, {which, version.chip_count + 1U, version.limit,
                                                 AnswerTo(version.serial, element)})
                    .value();
  return Result::kAnswered;
}

Result Making::Unlock() {
  const Record before = *world_.main;
  auto change = ApplyUnlock(world_.main, {move_.target, SignatureOf(Target())});
  if (!change.ok() || !std::holds_alternative<MayOpen>(change->outcome)) return Result::kRefused;
  world_.main = std::move(change->record);
  if (Has(Mutant::kRefillAll)) RefillAll(*world_.main);
  if (Has(Mutant::kForgetAll)) ForgetAll(*world_.main);
  if (Has(Mutant::kSuccessForgetsTime)) world_.main->last_counted_ms = 0;
  return Result::kOk;
}

// A version of the ledger is begun without a row: only a mutant has anything to do.
Result Making::Begin() {
  if (!MayBegin(world_.account, world_.main, NextNumber()).ok()) return Result::kRefused;
  if (!world_.main && state_.names_full != 0) return Result::kRefused;
  if (!world_.main) world_.main.emplace().name = kMain;
  state_.begun = static_cast<uint8_t>(NextNumber());
  state_.begun_by = move_.who;
  return Result::kOk;
}

FinishRegistration Making::Finishing(uint32_t number, uint8_t serial, uint8_t limit,
                                     const Authority& by) const {
  return {number,
          std::optional<Nonce>(NonceOf(move_.who, serial)),
          Bytes(1, serial),
          Bytes(kCommitmentBytes, 7),
          UnlockKey(move_.who, serial),
          {},
          limit,
          by};
}

Result Making::Finish() {
  if (Has(Mutant::kBeginWithRow) && (state_.begun != NextNumber() || state_.begun_by != move_.who)) {
    return Result::kRefused;
  }
  return Signed([&](const Authority& by) {
    const std::optional<Record> before = world_.main;
    if (before && Has(Mutant::kOneLimit)) UseOneLimit(*world_.main);
    auto rows = ApplyFinish(world_.account, world_.main, kMain,
                            Finishing(NextNumber(), NextSerial(), move_.target, by));
    world_.main = before;
    if (!rows.ok()) return Result::kRefused;
    if (before) RestoreLimits(*before, rows->record);
    StartAs(mutants_, before, rows->record.versions.back());
    world_.account = std::move(rows->account);
    world_.main = std::move(rows->record);
    state_.begun = state_.begun_by = 0;
    if (options_.backups()) ++state_.registrations;
    return Result::kOk;
  });
}

Result Making::BeginChip() {
  return Signed([&](const Authority& by) {
    const uint8_t serial = NextSerial();
    auto rows = ApplyBegin(
        world_.account, world_.main, kMain,
        {NextNumber(), NonceOf(move_.who, serial),
         BegunChip{IndexOf(serial), Bytes(1, serial), UnlockKey(move_.who, serial), move_.target, by}});
    if (!rows.ok()) return Result::kRefused;
    world_.account = std::move(rows->account);
    world_.main = std::move(rows->record);
    if (options_.backups()) ++state_.registrations;
    return Result::kOk;
  });
}

Result Making::FinishChip() {
  const VersionState begun = Target();
  return Signed([&](const Authority& by) {
    const ChipVersion which{begun.number, IndexOf(begun.serial)};
    std::optional<Record> record = ApplyChipWritten(world_.main, {which, 2}).value();
    record = ApplyChipWritten(record, {which, begun.limit}).value();
    FinishRegistration request = Finishing(begun.number, begun.serial, begun.limit, by);
    request.begun = record->Find(begun.number)->registration_id();
    request.chip_index = which.index;
    auto rows = ApplyFinish(world_.account, record, kMain, request);
    if (!rows.ok()) return Result::kRefused;
    StartAs(mutants_, world_.main, rows->record.versions.back());
    world_.account = std::move(rows->account);
    world_.main = std::move(rows->record);
    return Result::kOk;
  });
}

Result Making::WriteChip() {
  const VersionState version = Target();
  if (!GrantOf(world_.main, version.number, version.limit).ok()) return Result::kRefused;
  world_.main =
      ApplyChipWritten(world_.main, {{version.number, IndexOf(version.serial)}, version.limit}).value();
  return Result::kOk;
}

Result Making::Activate() {
  const bool by_key = IsKeyOfMain(move_.signer);
  const bool was_pending = Target().stage == kPendingStage;
  auto next = ApplyActivate(world_.account, world_.main, {move_.target, Signer()});
  if (!next.ok()) return Result::kRefused;
  if (Has(Mutant::kActivationKeepsBegun)) KeepBegun(*world_.main, *next);
  world_.main = std::move(*next);
  if (was_pending && Has(Mutant::kActivationCounts)) {
    CountAsActivated(*world_.main->Find(move_.target), by_key);
    if (by_key) world_.main->last_counted_ms = 0;
  }
  return Result::kOk;
}

// As the engine does it: in every record of the account.
Result Making::Forget(std::optional<Record>& record, const DeviceId& device, const RecordName& name) {
  if (!record || Has(Mutant::kRevokeDeviceOnly)) return Result::kOk;
  std::optional<Record> next = ForgetDevice(*record, device);
  if (!next && state_.begun != 0) (next = record)->versions.clear();  // a mutant's row with a begun version
  if (!next) std::erase(world_.account->records, name.record);
  record = std::move(next);
  return Result::kOk;
}

Result Making::Revoke() {
  return Signed([&](const Authority& by) {
    const DeviceId device = DeviceKey(move_.target).DeviceId();
    auto next = ApplyRevoke(world_.account, Unlocked(), {device, by});
    if (!next.ok()) return Result::kRefused;
    world_.account = std::move(*next);
    Forget(world_.main, device, kMain);
    return Forget(world_.x, device, kX);
  });
}

Result Making::Enroll() {
  return Signed([&](const Authority& by) {
    const std::optional<Record>& unlocked = Unlocked();
    auto next = ApplyEnroll({kMain, world_.account, unlocked, FirstDevicePolicy::kOpen},
                            {DeviceKey(move_.target), "device", by}, 1);
    if (!next.ok()) return Result::kRefused;
    world_.account = std::move(*next);
    return Result::kOk;
  });
}

Result Making::Delete() {
  return Signed([&](const Authority& by) {
    auto next = ApplyDelete(world_.account, world_.main, {by});
    if (!next.ok()) return Result::kRefused;
    world_.account = std::move(*next);
    world_.main.reset();
    state_.begun = state_.begun_by = state_.names_full = 0;
    return Result::kOk;
  });
}

Result Making::FinishX() {
  return Signed([&](const Authority& by) {
    const uint32_t number = world_.x ? world_.x->highest_version + 1 : 1;
    auto rows = ApplyFinish(world_.account, world_.x, kX, Finishing(number, kSerialOfX, 1, by));
    if (!rows.ok()) return Result::kRefused;
    world_.account = std::move(rows->account);
    world_.x = std::move(rows->record);
    return Result::kOk;
  });
}

Result Making::ActivateX() {
  auto next = ApplyActivate(world_.account, world_.x, {1, Signer()});
  if (!next.ok()) return Result::kRefused;
  world_.x = std::move(*next);
  return Result::kOk;
}

Result Making::DeleteX() {
  auto next = ApplyDelete(world_.account, world_.x, {Signer()});
  if (!next.ok()) return Result::kRefused;
  world_.account = std::move(*next);
  world_.x.reset();
  return Result::kOk;
}

Result Making::FillNames() {
  if (world_.main) return Result::kRefused;
  state_.names_full = 1;
  return Result::kOk;
}

}  // namespace

Result Functions::Apply(const Move& move, State& state, World& world) const {
  Making making(options_, move, state, world);
  switch (move.kind) {
    case MoveKind::kGuess:
    case MoveKind::kLostGuess:
      return making.Guess();
    case MoveKind::kRepeat:
      return making.Repeat();
    case MoveKind::kUnlock:
      return making.Unlock();
    case MoveKind::kBegin:
      return making.Begin();
    case MoveKind::kFinish:
      return making.Finish();
    case MoveKind::kBeginChip:
      return making.BeginChip();
    case MoveKind::kFinishChip:
      return making.FinishChip();
    case MoveKind::kWriteChip:
      return making.WriteChip();
    case MoveKind::kActivate:
      return making.Activate();
    case MoveKind::kRevoke:
      return making.Revoke();
    case MoveKind::kEnroll:
    case MoveKind::kAdmit:
      return making.Enroll();
    case MoveKind::kDelete:
      return making.Delete();
    case MoveKind::kFinishX:
    case MoveKind::kRekeyX:
      return making.FinishX();
    case MoveKind::kActivateX:
      return making.ActivateX();
    case MoveKind::kDeleteX:
      return making.DeleteX();
    case MoveKind::kFillNames:
      return making.FillNames();
    case MoveKind::kPause:
      if (world.main) world.main->last_counted_ms = 0;
      return Result::kOk;
    case MoveKind::kBackUp:
    case MoveKind::kAccept:
    case MoveKind::kAcceptWithoutRecord:
    case MoveKind::kAcceptWithoutAccount:
      break;  // the search's
  }
  return Result::kRefused;
}

uint8_t Functions::Left(const State& state, const VersionState& version) const {
  uint8_t limit = version.limit;
  if (Has(Mutant::kOneLimit) && state.versions[0].usable()) limit = state.versions[0].limit;
  const uint8_t counted = version.in_chip != 0 ? std::max(version.spent, version.chip_count) : version.spent;
  return static_cast<uint8_t>(limit - std::min(limit, counted));
}

}  // namespace labrec::recovery::explorer
