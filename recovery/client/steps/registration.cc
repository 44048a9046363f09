#include "recovery/client/steps/registration.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "pin/oprf/oprf.h"
#include "pin/padding.h"
#include "pin/pin_input.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/secret_sharing.h"
#include "pin/sharing/share_mask.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/begin.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/chip/uses.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/tally.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client::core {
namespace {

constexpr uint32_t kProtocolVersion = 1;

absl::StatusOr<SecretBytes> FinalizeAt(const SecretBytes& input, const pin::Blinded& blinded,
                                       const Bytes& evaluated) {
  LABREC_ASSIGN_OR_RETURN(const P256Point point, P256Point::ParseCompressed(evaluated));
  return pin::Finalize(input, blinded.blind, point);
}

absl::Status NotToRelyOn(const Realm& realm, std::string_view what) {
  return absl::DataLossError(absl::StrCat("realm ", realm.name, " ", AbslView(what), "; do not rely on it"));
}

}  // namespace

Registration::Registration(Account& account, const VersionPlan& plan)
    : account_(account),
      plan_(plan),
      reports_(account.size()),
      begun_(account.size()),
      authority_(RandomSecret(account.host(), pin::kSharedSecretSize), plan.record, plan.version) {
  for (size_t i = 0; i < account.size(); ++i) reports_[i].realm = account[i].name;
}

void Registration::LeaveOut(size_t realm, std::string_view does) {
  reports_[realm].condition = RealmCondition::kFaulty;
  reports_[realm].error = NotToRelyOn(account_[realm], does);
}

size_t Registration::holders() const {
  return static_cast<size_t>(std::ranges::count_if(reports_, [](const RealmReport& report) {
    return report.condition == RealmCondition::kGood || report.condition == RealmCondition::kPending;
  }));
}

// What a phase came to, given how many realms it needed.
absl::Status Registration::Outcome(size_t needed, bool contended) const {
  const size_t held = holders();
  if (held >= needed) return absl::OkStatus();
  if (contended) {
    return absl::AbortedError(absl::StrCat("another client is registering record ", plan_.record,
                                           " at the same time; try again in a moment"));
  }
  for (const RealmReport& report : reports_) {
    if (report.condition == RealmCondition::kFaulty) return report.error;
  }
  const auto threshold = static_cast<uint32_t>(needed);
  const Verdict verdict = Judge(reports_, threshold);
  return VerdictError(verdict == Verdict::kRefused ? verdict : Verdict::kTooFewRealms, reports_, threshold);
}

absl::StatusOr<Registration::Counter> Registration::CounterOf(const Realm& realm,
                                                              const wire::GetRealmResponse& response,
                                                              const VersionPlan& plan) {
  const std::string why = response.no_chip_reason.empty() ? "it does not say why" : response.no_chip_reason;
  switch (plan.enforcement) {
    case Enforcement::kLedger:
      return Counter{};
    case Enforcement::kChipOrLedger:
      if (!response.chip) return Counter{false, why};
      return Counter{true, ""};
    case Enforcement::kAsPinned:
      if (!plan.trust->pinned_aks.contains(realm.id)) return Counter{};
      [[fallthrough]];
    case Enforcement::kChip:
      break;
  }
  if (response.chip) return Counter{true, ""};
  return absl::FailedPreconditionError(absl::StrCat("realm ", realm.name, " has no chip that counts: ", why));
}

Task<Registration::Counter> Registration::FindCounter(Scope& scope, size_t realm) const {
  LABREC_CO_ASSIGN_OR_RETURN(const wire::GetRealmResponse response,
                             co_await Call(scope, account_, realm, wire::GetRealmRequest()));
  const Realm& expected = account_[realm];
  if (response.protocol_version != kProtocolVersion) {
    co_return Marked(
        FailureKind::kUpgradeRequired,
        absl::FailedPreconditionError(absl::StrCat(
            "realm ", expected.name, " speaks version ", response.protocol_version,
            " of the protocol and this program version ", kProtocolVersion, ": update one of them")));
  }
  if (SameBytes(response.realm_id, expected.id)) co_return CounterOf(expected, response, plan_);
  co_return Marked(
      FailureKind::kAnotherRealm,
      absl::FailedPreconditionError(absl::StrCat(
          "at ", expected.address, " answers realm ", Hex(response.realm_id), ", but the realm list expects ",
          Hex(expected.id), " (", expected.name, ") there: correct the realm list")));
}

Task<> Registration::BeginError(Scope& scope, size_t realm, absl::Status status) const {
  if (!absl::IsFailedPrecondition(status)) co_return status;
  wire::GetRecordRequest request;
  request.record = plan_.record;
  const auto record = co_await Call(scope, account_, realm, std::move(request));
  if (!record.ok() || record->highest_version < plan_.version) co_return status;
  co_return absl::AbortedError(status.message());
}

Task<std::string> Registration::WhyLedger(Scope& scope, size_t realm, absl::Status status) const {
  if (plan_.enforcement != Enforcement::kChipOrLedger || !absl::IsFailedPrecondition(status))
    co_return status;
  const auto response = co_await Call(scope, account_, realm, wire::GetRealmRequest());
  if (!response.ok() || !response->chip) co_return status;
  if (!response->chip->full && response->chip->free_handles > 0) co_return status;
  co_return std::string(status.message());
}

Task<Registration::Begun> Registration::BeginAt(Scope& scope, size_t realm, const Signer& signer) const {
  LABREC_CO_ASSIGN_OR_RETURN(Counter counter, co_await FindCounter(scope, realm));
  const SecretBytes input =
      pin::OprfInput(account_.tenant(), account_.account(), plan_.record, plan_.version, *plan_.stretched);
  if (counter.by_chip) {
    absl::StatusOr<Begun> begun = co_await BeginByChip(scope, realm, input, signer);
    if (begun.ok()) co_return begun;
    const absl::Status refused = co_await BeginError(scope, realm, begun.status());
    LABREC_CO_ASSIGN_OR_RETURN(counter.no_chip_reason, co_await WhyLedger(scope, realm, refused));
  }
  absl::StatusOr<Begun> begun = co_await BeginByLedger(scope, realm, input);
  if (!begun.ok()) {
    const absl::Status refused = co_await BeginError(scope, realm, begun.status());
    co_return refused;
  }
  begun->no_chip_reason = std::move(counter.no_chip_reason);
  co_return begun;
}

Task<Registration::Begun> Registration::BeginByChip(Scope& scope, size_t realm, const SecretBytes& input,
                                                    const Signer& signer) const {
  const EcdsaPrivateKey unlock_key = pin::UnlockKey(authority_.s(), account_[realm].id, plan_.version);
  const ChipBeginning beginning{plan_.record, plan_.version, plan_.guess_limit, unlock_key, input,
                                *plan_.trust, signer};
  LABREC_CO_ASSIGN_OR_RETURN(BegunInChip in_chip, co_await BeginInChip(scope, account_, realm, beginning));
  Begun begun;
  begun.registration_id = std::move(in_chip.registration_id);
  begun.rho = std::move(in_chip.rho);
  begun.chip = ChipShare{in_chip.index, std::move(in_chip.ak_name)};
  begun.report = std::move(in_chip.report);
  co_return begun;
}

Task<Registration::Begun> Registration::BeginByLedger(Scope& scope, size_t realm,
                                                      const SecretBytes& input) const {
  Host& host = account_.host();
  LABREC_CO_ASSIGN_OR_RETURN(const pin::Blinded first, pin::BlindWith(input, RandomScalar(host)));
  LABREC_CO_ASSIGN_OR_RETURN(const pin::Blinded second, pin::BlindWith(input, RandomScalar(host)));
  wire::BeginRegistrationRequest request;
  request.record = plan_.record;
  request.version = plan_.version;
  request.elements = {ToBytes(first.element.Compressed()), ToBytes(second.element.Compressed())};
  LABREC_CO_ASSIGN_OR_RETURN(wire::BeginRegistrationResponse response,
                             co_await Call(scope, account_, realm, std::move(request)));
  if (response.evaluated.size() != 2 || response.registration_id.size() != kRegistrationIdBytes) {
    co_return NotToRelyOn(account_[realm],
                          "did not answer two elements with two points and a registration id");
  }
  auto rho = FinalizeAt(input, first, response.evaluated[0]);
  const auto again = FinalizeAt(input, second, response.evaluated[1]);
  if (!rho.ok() || !again.ok() || !rho->Equals(again->view())) {
    co_return NotToRelyOn(account_[realm], "evaluated the same PIN to two different results");
  }
  Begun begun;
  begun.registration_id = std::move(response.registration_id);
  begun.rho = *std::move(rho);
  co_return begun;
}

Task<> Registration::Begin(Scope& scope, const Signer& signer) {
  std::vector<size_t> asked;
  for (size_t i = 0; i < account_.size(); ++i) {
    if (reports_[i].condition != RealmCondition::kFaulty) asked.push_back(i);
  }
  LABREC_CO_ASSIGN_OR_RETURN(
      auto answers,
      co_await GatherAll<Begun>(
          scope, asked.size(), [&](size_t i, Scope& within) { return BeginAt(within, asked[i], signer); },
          account_.limits().begin_ms));
  bool contended = false;
  for (size_t i = 0; i < asked.size(); ++i) {
    RealmReport& report = reports_[asked[i]];
    if (answers[i].ok()) {
      begun_[asked[i]].emplace(*std::move(answers[i]));
      report.condition = RealmCondition::kGood;
      continue;
    }
    contended |= absl::IsAborted(answers[i].status());
    report.Failed(answers[i].status());
    if (absl::IsDataLoss(answers[i].status())) report.condition = RealmCondition::kFaulty;
  }
  co_return Outcome(plan_.least_holders, contended);
}

absl::Status Registration::MakeConfig() {
  std::vector<SecretBytes> coefficients;
  for (uint32_t i = 1; i < plan_.threshold; ++i) {
    coefficients.push_back(RandomSecret(account_.host(), pin::kSharedSecretSize));
  }
  LABREC_ASSIGN_OR_RETURN(const std::vector<pin::Share> shares,
                          pin::SplitWith(authority_.s(), coefficients, static_cast<uint32_t>(holders())));
  RecordConfig config;
  config.name = {account_.tenant(), account_.account(), plan_.record};
  config.version = plan_.version;
  config.threshold = plan_.threshold;
  auto next = shares.begin();
  for (size_t i = 0; i < account_.size(); ++i) {
    if (!begun_[i]) continue;
    const SecretBytes mask = pin::ShareMask(begun_[i]->rho, account_[i].id, plan_.version);
    config.realms.push_back({account_[i].id, next->x, pin::MaskShare(next->bytes, mask), begun_[i]->chip});
    ++next;
  }
  config.salt = ToBytes(plan_.salt);
  config.argon = plan_.argon;
  config.guess_limit = plan_.guess_limit;
  config_ = Encode(config);
  digest_ = Sha256(config_);
  return absl::OkStatus();
}

absl::StatusOr<Bytes> Registration::SealSecret() const {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes padded, pin::Pad(*plan_.secret));
  const SecretBytes key = pin::EncryptionKey(authority_.s(), digest_);
  const SecretBytes nonce = RandomSecret(account_.host(), kAeadNonceSize);
  return AeadSealWithNonce(key.view(), nonce.view(), padded.view(), digest_);
}

Task<wire::FinishRegistrationResponse> Registration::FinishAt(Scope& scope, size_t realm,
                                                              const Signer& signer,
                                                              const Bytes& sealed) const {
  wire::FinishRegistrationRequest request;
  request.record = plan_.record;
  request.version = plan_.version;
  request.registration_id = begun_[realm]->registration_id;
  request.config = config_;
  request.commitment = ToBytes(pin::Commit(authority_.s(), digest_));
  request.unlock_public_key =
      pin::UnlockKey(authority_.s(), account_[realm].id, plan_.version).public_key().Spki();
  request.sealed_secret = sealed;
  Bytes body = FinishRegistrationBody({plan_.record, plan_.version, request.registration_id, config_,
                                       request.commitment, request.unlock_public_key, sealed});
  return SignedCall(scope, account_, realm, Operation::kFinishRegistration, std::move(body), signer,
                    std::move(request));
}

Task<> Registration::Finish(Scope& scope, const Signer& signer) {
  LABREC_CO_RETURN_IF_ERROR(MakeConfig());
  LABREC_CO_ASSIGN_OR_RETURN(const Bytes sealed, SealSecret());
  std::vector<size_t> asked;
  for (size_t i = 0; i < begun_.size(); ++i) {
    if (begun_[i]) asked.push_back(i);
  }
  LABREC_CO_ASSIGN_OR_RETURN(const auto answers, co_await GatherAll<wire::FinishRegistrationResponse>(
                                                     scope, asked.size(), [&](size_t i, Scope& within) {
                                                       return FinishAt(within, asked[i], signer, sealed);
                                                     }));
  bool contended = false;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i].ok()) reports_[asked[i]].Failed(answers[i].status());
    contended |= absl::IsFailedPrecondition(answers[i].status());
  }
  const absl::Status wanted = Outcome(plan_.least_holders, contended);
  if (absl::IsAborted(wanted)) co_return wanted;
  co_return Outcome(plan_.threshold, contended);
}

Task<> Registration::Retire(Scope& scope) {
  if (plan_.retire == nullptr) co_return absl::OkStatus();
  std::vector<size_t> held = RealmsThatAre(reports_, RealmCondition::kGood);
  LABREC_CO_ASSIGN_OR_RETURN(const std::vector<Retired> retired,
                             co_await RetireChips(scope, account_, *plan_.retire, std::move(held)));
  for (const Retired& each : retired) {
    reports_[each.realm].chip = each.uses;
    if (each.uses) reports_[each.realm].error = UnexplainedAtItsEnd(reports_[each.realm].realm, *each.uses);
    if (each.proven.ok()) continue;
    const bool lied = absl::IsDataLoss(each.proven);
    reports_[each.realm].error = each.proven;
    reports_[each.realm].condition = lied ? RealmCondition::kFaulty : RealmCondition::kPending;
  }
  co_return absl::OkStatus();
}

std::vector<RealmCounting> Registration::counting() const {
  std::vector<RealmCounting> counting;
  for (size_t i = 0; i < begun_.size(); ++i) {
    if (!begun_[i]) continue;
    counting.push_back(
        {account_[i].name, begun_[i]->chip.has_value(), begun_[i]->report, begun_[i]->no_chip_reason});
  }
  return counting;
}

Task<> Registration::Activate(Scope& scope) {
  wire::ActivateRequest request;
  request.record = plan_.record;
  request.version = plan_.version;
  const Bytes body = ActivateBody(plan_.record, plan_.version);
  const std::vector<size_t> held = RealmsThatAre(reports_, RealmCondition::kGood);
  const KeyAtHand signer(authority_);
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::ActivateResponse>(scope, held.size(), [&](size_t i, Scope& within) {
        return SignedCall(within, account_, held[i], Operation::kActivate, body, signer, request);
      }));
  size_t replaced = 0;
  for (size_t i = 0; i < held.size(); ++i) {
    if (answers[i].ok()) continue;
    // The unlock key of a version that another one replaced is no longer known there.
    const bool gone = absl::IsNotFound(answers[i].status()) || absl::IsPermissionDenied(answers[i].status());
    reports_[held[i]].condition = gone ? RealmCondition::kOutdated : RealmCondition::kPending;
    reports_[held[i]].error = answers[i].status();
    replaced += gone ? 1 : 0;
  }
  if (replaced > 0) co_return Outcome(plan_.threshold, /*contended=*/true);
  co_return absl::OkStatus();
}

Task<> Registration::Refill(Scope& scope) {
  const std::vector<size_t> active = RealmsThatAre(reports_, RealmCondition::kGood);
  LABREC_CO_ASSIGN_OR_RETURN(const auto answers,
                             co_await GatherAll<uint32_t>(scope, active.size(), [&](size_t i, Scope& within) {
                               return RefillAt(within, account_, active[i], authority_);
                             }));
  for (size_t i = 0; i < active.size(); ++i) {
    if (answers[i].ok()) reports_[active[i]].remaining = *answers[i];
  }
  co_return absl::OkStatus();
}

}  // namespace labrec::recovery::client::core
