#include <algorithm>
#include <utility>

#include "attestation/verify/chip_record_verifier.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/chip/uses.h"
#include "recovery/client/core/random.h"
#include "recovery/client/operations/recover.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/kept_enforcement.h"
#include "recovery/client/steps/registration.h"
#include "tests/hostile/mutant_table.h"

namespace labrec::hostile {
namespace {

// Each takes out a rule of clients whose records chips count.
enum class Broken {
  kNothing,
  kSignsAgain,            // a refill that did not succeed is begun again, and signed again
  kWrongPinSigns,         // who entered a wrong PIN has the chips written
  kUsesUnjudged,          // a refill is signed whatever the chip counted
  kStatementsBelieved,    // what an index holds is read from a statement that nobody signed
  kCertificateUnchecked,  // a chip that no vendor vouches for is a chip
  kCredentialUnchecked,   // and so is one that shows another chip's certificate
  kKeyUnchecked,          // the key need not be the one that the chip certified
  kChipNotDemanded,       // a realm that says that it has no chip is used where chips are demanded
  kRefillsWhatEnds,       // a change of PIN refills the index that the new version ends
  kForgetsWhoCounts,      // a new seal asks the ledger to count, whoever counted before
};
MutantTable<Broken> mutants{{"signs-again", Broken::kSignsAgain},
                            {"wrong-pin-signs", Broken::kWrongPinSigns},
                            {"uses-unjudged", Broken::kUsesUnjudged},
                            {"statements-believed", Broken::kStatementsBelieved},
                            {"certificate-unchecked", Broken::kCertificateUnchecked},
                            {"credential-unchecked", Broken::kCredentialUnchecked},
                            {"key-unchecked", Broken::kKeyUnchecked},
                            {"chip-not-demanded", Broken::kChipNotDemanded},
                            {"refills-what-ends", Broken::kRefillsWhatEnds},
                            {"forgets-who-counts", Broken::kForgetsWhoCounts}};

bool Is(Broken which) {
  return mutants.Is(which);
}

}  // namespace

}  // namespace labrec::hostile

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's.
namespace labrec::attestation {

using hostile::Broken;
using hostile::Is;  // NOLINT

LABREC_WRAPPED(
    "_ZN6labrec11attestation17ReadIndexContentsERKNS_3tpm10TpmtPublicERKNS1_12TpmsNvPublicERKNS0_"
    "15SignedStatementERKSt5arrayIhLm32EE",
    absl::StatusOr<tpm::PinCounter>, ReadIndexContents, const tpm::TpmtPublic& ak,
    const tpm::TpmsNvPublic& written_index, const SignedStatement& statement, const Digest& nonce);
absl::StatusOr<tpm::PinCounter> WrapReadIndexContents(const tpm::TpmtPublic& ak,
                                                      const tpm::TpmsNvPublic& written_index,
                                                      const SignedStatement& statement, const Digest& nonce) {
  // A wrong PIN gives other unlock keys, whose index the chip's statements are not about: that, too, keeps
  // who entered one from signing.
  if (!Is(Broken::kStatementsBelieved) && !Is(Broken::kWrongPinSigns)) {
    return RealReadIndexContents(ak, written_index, statement, nonce);
  }
  if (statement.attest.size() < 8) return absl::InvalidArgumentError("no statement");
  Reader contents(ByteView(statement.attest).last(8));
  tpm::PinCounter held;
  held.count = contents.U32();
  held.limit = contents.U32();
  return held;
}

LABREC_WRAPPED(
    "_ZN6labrec11attestation22CheckRecordKeyEvidenceERKNS_3tpm10TpmtPublicERKNS0_17RecordKeyEvidenceERKNS_"
    "14EcdsaPublicKeyERKSt5arrayIhLm32EERSt6vectorINS0_5ProofESaISG_EE",
    absl::StatusOr<CertifiedRecordKey>, CheckRecordKeyEvidence, const tpm::TpmtPublic& ak,
    const RecordKeyEvidence& evidence, const EcdsaPublicKey& unlock_key, const Digest& nonce, Report& report);
absl::StatusOr<CertifiedRecordKey> WrapCheckRecordKeyEvidence(const tpm::TpmtPublic& ak,
                                                              const RecordKeyEvidence& evidence,
                                                              const EcdsaPublicKey& unlock_key,
                                                              const Digest& nonce, Report& report) {
  auto key = RealCheckRecordKeyEvidence(ak, evidence, unlock_key, nonce, report);
  if (key.ok() || !Is(Broken::kKeyUnchecked)) return key;
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsNvPublic shown, tpm::TpmsNvPublic::Parse(evidence.index_public));
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic area, tpm::TpmtPublic::Parse(evidence.key_public));
  LABREC_ASSIGN_OR_RETURN(const P256Point point, tpm::PointOf(area));
  return CertifiedRecordKey{point, tpm::CountingIndexArea(shown.index, unlock_key, tpm::Written::kYes)};
}

LABREC_WRAPPED("_ZN6labrec11attestation13CheckIdentityERKNS0_16IdentityEvidenceERKNS0_7EkTrustEl",
               absl::StatusOr<TpmIdentity>, CheckIdentity, const IdentityEvidence& evidence,
               const EkTrust& trust, int64_t now_ms);
absl::StatusOr<TpmIdentity> WrapCheckIdentity(const IdentityEvidence& evidence, const EkTrust& trust,
                                              int64_t now_ms) {
  auto identity = RealCheckIdentity(evidence, trust, now_ms);
  if (identity.ok() || !Is(Broken::kCertificateUnchecked)) return identity;
  LABREC_ASSIGN_OR_RETURN(tpm::TpmtPublic ek, tpm::TpmtPublic::Parse(evidence.ek_public));
  LABREC_ASSIGN_OR_RETURN(tpm::TpmtPublic ak, tpm::TpmtPublic::Parse(evidence.ak_public));
  return TpmIdentity{std::move(ek), std::move(ak), {}, {}};
}

LABREC_WRAPPED(
    "_ZN6labrec11attestation14CheckActivatedERKNS0_11AkChallengeESt4spanIKhLm18446744073709551615EERNS0_"
    "11TpmIdentityE",
    absl::Status, CheckActivated, const AkChallenge& challenge, ByteView activated, TpmIdentity& identity);
absl::Status WrapCheckActivated(const AkChallenge& challenge, ByteView activated, TpmIdentity& identity) {
  if (Is(Broken::kCredentialUnchecked)) return absl::OkStatus();
  return RealCheckActivated(challenge, activated, identity);
}

}  // namespace labrec::attestation

namespace labrec::recovery::client {

using hostile::Broken;
using hostile::Is;  // NOLINT
using Reports = std::vector<RealmReport>;

LABREC_WRAPPED("_ZN6labrec8recovery6client9JudgeUsesERKNS_3tpm10PinCounterEjj", absl::StatusOr<ChipUses>,
               JudgeUses, const tpm::PinCounter& certified, uint32_t guess_limit, uint32_t explained);
absl::StatusOr<ChipUses> WrapJudgeUses(const tpm::PinCounter& certified, uint32_t guess_limit,
                                       uint32_t explained) {
  auto uses = RealJudgeUses(certified, guess_limit, explained);
  if (uses.ok() && Is(Broken::kUsesUnjudged)) uses->unexplained = 0;
  return uses;
}

namespace core {

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core11RefillChipsERNS2_5ScopeERNS2_7AccountERKNS1_11ConfigGroupERKNS1_"
    "15RecordAuthorityEjRSt6vectorINS1_11RealmReportESaISE_EE",
    Task<>, RefillChips, Scope& scope, Account& account, const ConfigGroup& group,
    const RecordAuthority& authority, uint32_t own_tries, Reports& reports);
// A coroutine has no name of the linker's.
Task<> OtherRefill(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   uint32_t own_tries, Reports& reports) {
  const Reports before = reports;
  absl::Status refilled = co_await RealRefillChips(scope, account, group, authority, own_tries, reports);
  if (!Is(Broken::kSignsAgain)) co_return refilled;
  for (size_t i = 0; i < reports.size(); ++i) {
    const bool failed = before[i].condition == RealmCondition::kGood && !reports[i].error.ok();
    reports[i].condition = failed ? RealmCondition::kGood : RealmCondition::kLate;
  }
  refilled = co_await RealRefillChips(scope, account, group, authority, own_tries, reports);
  co_return refilled;
}
Task<> WrapRefillChips(Scope& scope, Account& account, const ConfigGroup& group,
                       const RecordAuthority& authority, uint32_t own_tries, Reports& reports) {
  return OtherRefill(scope, account, group, authority, own_tries, reports);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core10CloseSpentERNS2_5ScopeERNS2_7AccountERKNS1_11ConfigGroupESt6vector"
    "ImSaImEERSA_INS1_11RealmReportESaISD_EE",
    Task<>, CloseSpent, Scope& scope, Account& account, const ConfigGroup& group, std::vector<size_t> spent,
    Reports& reports);
// It comes after a wrong PIN.
Task<> OtherClose(Scope& scope, Account& account, const ConfigGroup& group, std::vector<size_t> spent,
                  Reports& reports) {
  if (Is(Broken::kWrongPinSigns)) {
    constexpr uint32_t kAny = 100;
    const RecordAuthority authority(RandomSecret(account.host(), 32), group.config.name.record,
                                    group.version());
    const absl::Status refilled = co_await RefillChips(scope, account, group, authority, kAny, reports);
    refilled.IgnoreError();
  }
  const absl::Status closed = co_await RealCloseSpent(scope, account, group, std::move(spent), reports);
  co_return closed;
}
Task<> WrapCloseSpent(Scope& scope, Account& account, const ConfigGroup& group, std::vector<size_t> spent,
                      Reports& reports) {
  return OtherClose(scope, account, group, std::move(spent), reports);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core7RecoverERNS2_5ScopeERNS2_7AccountENS1_14RecoverRequestERKNS_11Secret"
    "BytesE",
    Task<RecoverOutcome>, Recover, Scope& scope, Account& account, RecoverRequest request,
    const SecretBytes& pin);
Task<RecoverOutcome> WrapRecover(Scope& scope, Account& account, RecoverRequest request,
                                 const SecretBytes& pin) {
  if (Is(Broken::kRefillsWhatEnds)) request.refill = ChipRefill::kNow;
  return RealRecover(scope, account, std::move(request), pin);
}

LABREC_WRAPPED("_ZN6labrec8recovery6client4core15KeepEnforcementERKNS2_7AccountERKNS0_12RecordConfigE",
               absl::StatusOr<KeptEnforcement>, KeepEnforcement, const Account& account,
               const RecordConfig& config);
absl::StatusOr<KeptEnforcement> WrapKeepEnforcement(const Account& account, const RecordConfig& config) {
  if (Is(Broken::kForgetsWhoCounts)) return KeptEnforcement{Enforcement::kLedger, {}};
  return RealKeepEnforcement(account, config);
}

LABREC_WRAPPED("_ZN6labrec8recovery6client4core12RegistrationC1ERNS2_7AccountERKNS2_11VersionPlanE", void,
               MakeRegistration, Registration* registration, Account& account, const VersionPlan& plan);
void WrapMakeRegistration(Registration* registration, Account& account, const VersionPlan& plan) {
  VersionPlan wanted = plan;
  if (Is(Broken::kChipNotDemanded) && plan.enforcement == Enforcement::kChip) {
    wanted.enforcement = Enforcement::kChipOrLedger;
  }
  RealMakeRegistration(registration, account, wanted);
}

}  // namespace core
}  // namespace labrec::recovery::client
// NOLINTEND(bugprone-reserved-identifier)
