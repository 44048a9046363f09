#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/engine/rows/working_set.h"
#include "recovery/ledger/ledger.h"
#include "recovery/ledger/ledger_impl.h"
#include "recovery/record/accept/accepting.h"
#include "recovery/record/accept/lowering.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/rules/authority.h"
#include "recovery/record/rules/erasure.h"
#include "recovery/record/rules/guessing.h"
#include "recovery/record/rules/registration.h"
#include "tests/explorer/mutations.h"
#include "tests/simulation/chip/chip_anchor.h"
#include "tests/simulation/mutant.h"

// The linker gives every caller of these functions the one that is called Wrap... here (--wrap,
// CMakeLists.txt); Real... is the product's. So no mutant is in the product's code, and a function that
// changed its name or its arguments does not link. Rules of recovery/record are broken by the explorer's
// mutants.
namespace labrec::sim {
namespace {

using recovery::explorer::Mutant;

// Of what the explorer does not have.
enum class Broken {
  kNothing,
  kOneFence,            // a start is settled after one empty batch
  kSettledWhenRefused,  // a batch that storage refused needs no other after it
  kClaimUnseen,         // what needs no batch is answered without a look at the claim
  kClaimsFirst,         // a start claims the anchor before it is judged
  kForgetsInMain,       // a revocation forgets the device in record "main" only
  kLowersNothing,       // accepting a copy takes no guesses
  kFinishesAnything,    // a registration of another run may be finished, under another nonce
  kRefillLate,          // a refill that waits is not seen by later requests
  kRefillKept,          // a refill that was written waits still
  kRefillAny,           // a refill waits however many guesses it takes back
  kAllRides,            // everything is answered before it is anchored, as refills are
  kSignerOnceGood,      // a signature that was good when it was checked is good when it is applied
};
struct Named {
  const char* name;
  Broken broken;
};
constexpr Named kNamed[] = {{"one-fence", Broken::kOneFence},
                            {"settled-when-refused", Broken::kSettledWhenRefused},
                            {"claim-unseen", Broken::kClaimUnseen},
                            {"claims-first", Broken::kClaimsFirst},
                            {"forgets-in-main", Broken::kForgetsInMain},
                            {"lowers-nothing", Broken::kLowersNothing},
                            {"finishes-anything", Broken::kFinishesAnything},
                            {"refill-late", Broken::kRefillLate},
                            {"refill-kept", Broken::kRefillKept},
                            {"refill-any", Broken::kRefillAny},
                            {"all-rides", Broken::kAllRides},
                            {"signer-once-good", Broken::kSignerOnceGood}};

Broken broken = Broken::kNothing;
recovery::explorer::MutantSet mutants;

bool Is(Broken which) {
  return broken == which;
}
bool Has(Mutant mutant) {
  return mutants.Has(mutant);
}

}  // namespace

bool UseMutant(const std::string& name) {
  const Mutant of_record = recovery::explorer::MutantOf(name);
  if (of_record != Mutant::kCount) {
    mutants.Add(of_record);
    return true;
  }
  const auto* found = std::ranges::find_if(kNamed, [&](const Named& each) { return each.name == name; });
  if (found == std::end(kNamed)) return false;
  broken = found->broken;
  return true;
}

std::vector<std::string> MutantNames() {
  // Those of the explorer's that are in the functions themselves, and not in what only it has.
  std::vector<std::string> names;
  for (const Named& each : kNamed) names.emplace_back(each.name);
  for (const Mutant mutant :
       {Mutant::kCountOwnOnly, Mutant::kRefillAll, Mutant::kForgetAll, Mutant::kOneLimit, Mutant::kDestroyAll,
        Mutant::kStartFull, Mutant::kStartWithSpent, Mutant::kStartWithUsedUp, Mutant::kStartWithActive,
        Mutant::kStartWithOldest, Mutant::kActivationCounts, Mutant::kPendingKeysSpeak,
        Mutant::kRevokeDeviceOnly, Mutant::kLowerNewestOnly, Mutant::kSuccessForgetsTime}) {
    names.emplace_back(recovery::explorer::NameOf(mutant));
  }
  return names;
}

}  // namespace labrec::sim

namespace labrec::recovery {
namespace {

using explorer::Mutant;
using sim::Broken;

bool SpeaksThoughPending(const Authority& authority, const std::optional<Record>& record) {
  const auto* by = std::get_if<ByUnlockKey>(&authority);
  if (!sim::Has(Mutant::kPendingKeysSpeak) || by == nullptr || !record) return false;
  const RecordVersion* version = record->Find(by->version);
  return record->name.record == by->record && version != nullptr && version->usable() &&
         version->unlock_key == by->signature.key();
}

bool SpokeWhenChecked(const Authority& authority) {
  return sim::Is(Broken::kSignerOnceGood) && std::holds_alternative<ByDevice>(authority);
}

// A ledger that breaks a rule, around the real one.
class AlwaysSettled final : public Ledger {
 public:
  explicit AlwaysSettled(std::unique_ptr<Ledger> real) : real_(std::move(real)) {}
  uint32_t BucketOf(const Digest& hash) const override { return real_->BucketOf(hash); }
  absl::StatusOr<std::optional<Bytes>> Read(const RowAddress& address) override {
    return real_->Read(address);
  }
  absl::StatusOr<std::unique_ptr<StagedBatch>> Stage(std::vector<RowWrite> writes) override {
    return real_->Stage(std::move(writes));
  }
  absl::Status Persist(StagedBatch& batch) override { return real_->Persist(batch); }
  bool storage_refuses() const override { return real_->storage_refuses(); }
  absl::Status Anchor(StagedBatch& batch) override { return real_->Anchor(batch); }
  bool settled() const override { return true; }
  absl::Status CheckClaim() override { return real_->CheckClaim(); }
  bool stopped() const override { return real_->stopped(); }
  uint64_t epoch() const override { return real_->epoch(); }
  uint64_t row_count() const override { return real_->row_count(); }
  uint64_t discontinuities() const override { return real_->discontinuities(); }
  const Bytes& realm_id() const override { return real_->realm_id(); }

 private:
  const std::unique_ptr<Ledger> real_;
};

// An anchor that does not look.
class Unseeing final : public hsm::FreshnessAnchor {
 public:
  explicit Unseeing(std::unique_ptr<hsm::FreshnessAnchor> real) : real_(std::move(real)) {}
  absl::Status Claim() override { return real_->Claim(); }
  absl::Status CheckClaim() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> CurrentEpoch() override { return real_->CurrentEpoch(); }
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    return real_->Prepare(epoch, digest);
  }
  absl::Status Commit(uint64_t epoch) override { return real_->Commit(epoch); }
  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    return real_->Check(epoch, digest, evidence);
  }
  hsm::AnchorWear wear() const override { return real_->wear(); }

 private:
  const std::unique_ptr<hsm::FreshnessAnchor> real_;
};

std::unique_ptr<hsm::FreshnessAnchor> Seen(std::unique_ptr<hsm::FreshnessAnchor> real) {
  if (!sim::Is(Broken::kClaimUnseen)) return real;
  return std::make_unique<Unseeing>(std::move(real));
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's.
#define LABREC_WRAPPED(symbol, result, name, ...)           \
  result Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  result Wrap##name(__VA_ARGS__) __asm__("__wrap_" symbol)

LABREC_WRAPPED(
    "_ZN6labrec8recovery10ApplyGuessERKSt8optionalINS0_6RecordEERKNS0_10CountGuessElRKNS_3pin11GuessPolicyE",
    absl::StatusOr<GuessChange>, Guess, const std::optional<Record>& record, const CountGuess& request,
    int64_t now_ms, const pin::GuessPolicy& policy);
absl::StatusOr<GuessChange> WrapGuess(const std::optional<Record>& record, const CountGuess& request,
                                      int64_t now_ms, const pin::GuessPolicy& policy) {
  std::optional<Record> shown = record;
  if (shown && sim::Has(Mutant::kOneLimit)) explorer::UseOneLimit(*shown);
  LABREC_ASSIGN_OR_RETURN(GuessChange change, RealGuess(shown, request, now_ms, policy));
  if (!change.record || !record) return change;
  if (sim::Has(Mutant::kOneLimit)) explorer::RestoreLimits(*record, *change.record);
  if (sim::Has(Mutant::kCountOwnOnly)) explorer::RestoreOtherCounts(*record, request.version, *change.record);
  if (sim::Has(Mutant::kDestroyAll) && std::holds_alternative<Erased>(change.outcome)) {
    return GuessChange{Destroyed{}, Tombstone(*record)};
  }
  return change;
}

LABREC_WRAPPED("_ZN6labrec8recovery11ApplyUnlockERKSt8optionalINS0_6RecordEERKNS0_6UnlockE",
               absl::StatusOr<UnlockChange>, Unlock, const std::optional<Record>& record,
               const Unlock& request);
absl::StatusOr<UnlockChange> WrapUnlock(const std::optional<Record>& record, const Unlock& request) {
  LABREC_ASSIGN_OR_RETURN(UnlockChange change, RealUnlock(record, request));
  if (!change.record || !std::holds_alternative<MayOpen>(change.outcome)) return change;
  // A row that remembers more elements than it counts is none.
  if (sim::Has(Mutant::kRefillAll)) explorer::RefillAll(*change.record);
  if (sim::Has(Mutant::kForgetAll) || sim::Has(Mutant::kRefillAll)) explorer::ForgetAll(*change.record);
  if (sim::Has(Mutant::kSuccessForgetsTime)) change.record->last_counted_ms = 0;
  return change;
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery11ApplyFinishERKSt8optionalINS0_7AccountEERKS1_INS0_6RecordEERKNS0_"
    "10RecordNameERKNS0_18FinishRegistrationE",
    absl::StatusOr<RegistrationRows>, Finish, const std::optional<Account>& account,
    const std::optional<Record>& record, const RecordName& name, const FinishRegistration& request);
absl::StatusOr<RegistrationRows> WrapFinish(const std::optional<Account>& account,
                                            const std::optional<Record>& record, const RecordName& name,
                                            const FinishRegistration& request) {
  LABREC_ASSIGN_OR_RETURN(RegistrationRows rows, RealFinish(account, record, name, request));
  if (!record || record->Find(request.version) == nullptr) {
    explorer::StartAs(sim::mutants, record, *rows.record.Find(request.version));
  }
  return rows;
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery13ApplyActivateERKSt8optionalINS0_7AccountEERKS1_INS0_6RecordEERKNS0_8ActivateE",
    absl::StatusOr<Record>, Activate, const std::optional<Account>& account,
    const std::optional<Record>& record, const Activate& request);
absl::StatusOr<Record> WrapActivate(const std::optional<Account>& account,
                                    const std::optional<Record>& record, const Activate& request) {
  LABREC_ASSIGN_OR_RETURN(Record next, RealActivate(account, record, request));
  if (sim::Has(Mutant::kActivationCounts) && record->Find(request.version)->stage == Stage::kPending) {
    explorer::CountAsActivated(*next.Find(request.version),
                               std::holds_alternative<ByUnlockKey>(request.authority));
  }
  return next;
}

LABREC_WRAPPED("_ZN6labrec8recovery12ForgetDeviceERKNS0_6RecordERKSt5arrayIhLm16EE", std::optional<Record>,
               Forget, const Record& record, const DeviceId& device);
std::optional<Record> WrapForget(const Record& record, const DeviceId& device) {
  const bool leaves = sim::Has(Mutant::kRevokeDeviceOnly) ||
                      (sim::Is(Broken::kForgetsInMain) && record.name.record != "main");
  return leaves ? record : RealForget(record, device);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery17DeviceOrUnlockKeyERKSt7variantIJNS0_13ByTokenHolderENS0_8ByDeviceENS0_"
    "11ByUnlockKeyENS0_10ByOperatorEEERKSt8optionalINS0_7AccountEERKS9_INS0_6RecordEE",
    bool, DeviceOrKey, const Authority& authority, const std::optional<Account>& account,
    const std::optional<Record>& record);
bool WrapDeviceOrKey(const Authority& authority, const std::optional<Account>& account,
                     const std::optional<Record>& record) {
  return SpeaksThoughPending(authority, record) || SpokeWhenChecked(authority) ||
         RealDeviceOrKey(authority, account, record);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery17AnyButTokenHolderERKSt7variantIJNS0_13ByTokenHolderENS0_8ByDeviceENS0_"
    "11ByUnlockKeyENS0_10ByOperatorEEERKSt8optionalINS0_7AccountEERKS9_INS0_6RecordEE",
    bool, AnyButHolder, const Authority& authority, const std::optional<Account>& account,
    const std::optional<Record>& record);
bool WrapAnyButHolder(const Authority& authority, const std::optional<Account>& account,
                      const std::optional<Record>& record) {
  return SpeaksThoughPending(authority, record) || SpokeWhenChecked(authority) ||
         RealAnyButHolder(authority, account, record);
}

LABREC_WRAPPED("_ZN6labrec8recovery9AcceptRowESt4spanIKhLm18446744073709551615EERKNS0_11AcceptTermsE",
               absl::StatusOr<std::optional<Bytes>>, Accept, ByteView row, const AcceptTerms& terms);
absl::StatusOr<std::optional<Bytes>> WrapAccept(ByteView row, const AcceptTerms& terms) {
  if (sim::Is(Broken::kLowersNothing)) return ToBytes(row);
  const absl::StatusOr<Record> before = DecodeRecord(row);
  if (!sim::Has(Mutant::kLowerNewestOnly) || !before.ok() || before->versions.empty())
    return RealAccept(row, terms);
  Record lowered = LowerRemaining(*before, terms.floor);
  explorer::RestoreOlderCounts(*before, lowered);
  return EncodeRecord(lowered);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery16RegistrationKeys4FindERKNS0_10RecordNameEjRKSt5arrayIhLm16EENSt6chrono10time_"
    "pointINS9_3_V212steady_clockENS9_8durationIlSt5ratioILl1ELl1000000000EEEEEE",
    std::optional<Nonce>, FindBegun, RegistrationKeys* keys, const RecordName& name, uint32_t version,
    const RegistrationId& id, RegistrationKeys::Time now);
std::optional<Nonce> WrapFindBegun(RegistrationKeys* keys, const RecordName& name, uint32_t version,
                                   const RegistrationId& id, RegistrationKeys::Time now) {
  const std::optional<Nonce> nonce = RealFindBegun(keys, name, version, id, now);
  if (nonce || !sim::Is(Broken::kFinishesAnything)) return nonce;
  return keys->Begin(name, version, now).nonce;
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery10LedgerImplC1ERNS0_5StoreERNS_3hsm15FreshnessAnchorENS0_7HeadRowENS0_10MerkleTreeEm"
    "NS0_6Ledger5ReadsE",
    void, NewLedger, LedgerImpl* made, Store& store, hsm::FreshnessAnchor& anchor, HeadRow head,
    MerkleTree tree, uint64_t found_epoch, Ledger::Reads reads);
void WrapNewLedger(LedgerImpl* made, Store& store, hsm::FreshnessAnchor& anchor, HeadRow head,
                   MerkleTree tree, uint64_t found_epoch, Ledger::Reads reads) {
  RealNewLedger(made, store, anchor, std::move(head), std::move(tree),
                found_epoch - (sim::Is(Broken::kOneFence) ? 1 : 0), reads);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6Ledger4OpenERNS0_5StoreERNS_3hsm15FreshnessAnchorESt4spanIKhLm18446744073709551615EE"
    "PNS1_10OpenReportENS1_5ReadsE",
    absl::StatusOr<std::unique_ptr<Ledger>>, Open, Store& store, hsm::FreshnessAnchor& anchor,
    ByteView realm_id, Ledger::OpenReport* report, Ledger::Reads reads);
absl::StatusOr<std::unique_ptr<Ledger>> WrapOpen(Store& store, hsm::FreshnessAnchor& anchor,
                                                 ByteView realm_id, Ledger::OpenReport* report,
                                                 Ledger::Reads reads) {
  if (sim::Is(Broken::kClaimsFirst)) LABREC_RETURN_IF_ERROR(anchor.Claim());
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Ledger> ledger, RealOpen(store, anchor, realm_id, report, reads));
  if (!sim::Is(Broken::kSettledWhenRefused)) return ledger;
  return std::make_unique<AlwaysSettled>(std::move(ledger));
}

LABREC_WRAPPED("_ZNK6labrec8recovery14WaitingRefills4FindERKSt5arrayIhLm32EE", std::optional<Record>,
               FindRefill, const WaitingRefills* refills, const Digest& key);
std::optional<Record> WrapFindRefill(const WaitingRefills* refills, const Digest& key) {
  if (sim::Is(Broken::kRefillLate)) return std::nullopt;
  return RealFindRefill(refills, key);
}

LABREC_WRAPPED("_ZN6labrec8recovery14WaitingRefills7WrittenEv", void, Written, WaitingRefills* refills);
void WrapWritten(WaitingRefills* refills) {
  if (!sim::Is(Broken::kRefillKept)) RealWritten(refills);
}

LABREC_WRAPPED("_ZN6labrec8recovery13RefillMayWaitERKNS0_13RecordVersionE", bool, MayWait,
               const RecordVersion& version);
bool WrapMayWait(const RecordVersion& version) {
  return sim::Is(Broken::kRefillAny) || RealMayWait(version);
}

LABREC_WRAPPED("_ZNK6labrec8recovery10WorkingSet14MustBeAnchoredEv", bool, MustBeAnchored,
               const WorkingSet* rows);
bool WrapMustBeAnchored(const WorkingSet* rows) {
  return !sim::Is(Broken::kAllRides) && RealMustBeAnchored(rows);
}

LABREC_WRAPPED("_ZN6labrec3sim17MakeCounterAnchorERNS0_4ChipERNS0_3BusE",
               std::unique_ptr<hsm::FreshnessAnchor>, Counter, sim::Chip& chip, sim::Bus& bus);
std::unique_ptr<hsm::FreshnessAnchor> WrapCounter(sim::Chip& chip, sim::Bus& bus) {
  return Seen(RealCounter(chip, bus));
}

LABREC_WRAPPED("_ZN6labrec3sim17MakeRatchetAnchorERNS0_4ChipERNS0_3BusE",
               std::unique_ptr<hsm::FreshnessAnchor>, Ratchet, sim::Chip& chip, sim::Bus& bus);
std::unique_ptr<hsm::FreshnessAnchor> WrapRatchet(sim::Chip& chip, sim::Bus& bus) {
  return Seen(RealRatchet(chip, bus));
}

#undef LABREC_WRAPPED
// NOLINTEND(bugprone-reserved-identifier)

}  // namespace labrec::recovery
