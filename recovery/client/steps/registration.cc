#include "recovery/client/steps/registration.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/aead.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "pin/commitment.h"
#include "pin/oprf.h"
#include "pin/padding.h"
#include "pin/pin_input.h"
#include "pin/secret_sharing.h"
#include "pin/share_mask.h"
#include "recovery/api/limits.h"
#include "recovery/client/base/tally.h"
#include "recovery/client/chip/begin.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client {
namespace {

struct Done {};

absl::StatusOr<Done> ToDone(const absl::Status& status) {
  if (!status.ok()) return status;
  return Done{};
}

absl::StatusOr<SecretBytes> FinalizeAt(const SecretBytes& input, const pin::Blinded& blinded,
                                       const std::string& evaluated) {
  LABREC_ASSIGN_OR_RETURN(const P256Point point, P256Point::ParseCompressed(AsBytes(evaluated)));
  return pin::Finalize(input, blinded.blind, point);
}

absl::Status Faulty(const RealmChannel& realm, std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("realm ", realm.name(), " ", AbslView(what), "; do not rely on it"));
}

}  // namespace

Registration::Registration(const RealmSet& realms, const VersionPlan& plan)
    : realms_(realms),
      plan_(plan),
      reports_(realms.size()),
      begun_(realms.size()),
      authority_(SecretBytes::Random(pin::kSharedSecretSize), plan.record, plan.version) {
  for (size_t i = 0; i < realms.size(); ++i) reports_[i].realm = realms[i].name();
}

void Registration::LeaveOut(size_t realm, std::string_view does) {
  reports_[realm].condition = RealmCondition::kFaulty;
  reports_[realm].error = Faulty(realms_[realm], does);
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

absl::StatusOr<Registration::Counter> Registration::JudgeEnforcement(const RealmChannel& realm,
                                                                     const v1::GetRealmResponse& response,
                                                                     const VersionPlan& plan) {
  const std::string why =
      response.no_chip_reason().empty() ? "it does not say why" : response.no_chip_reason();
  switch (plan.enforcement) {
    case Enforcement::kLedger:
      return Counter{};
    case Enforcement::kChipOrLedger:
      if (!response.has_chip()) return Counter{false, why};
      return Counter{true, ""};
    case Enforcement::kAsPinned:
      if (!plan.trust->pinned_aks.contains(ToBytes(realm.id()))) return Counter{};
      [[fallthrough]];
    case Enforcement::kChip:
      break;
  }
  if (response.has_chip()) return Counter{true, ""};
  return absl::FailedPreconditionError(
      absl::StrCat("realm ", realm.name(), " has no chip that counts: ", why));
}

absl::StatusOr<Registration::Counter> Registration::JudgeRealm(size_t realm,
                                                               Cancellation& cancellation) const {
  LABREC_ASSIGN_OR_RETURN(const v1::GetRealmResponse response,
                          realms_[realm].Call(v1::GetRealmRequest(), cancellation));
  if (SameBytes(AsBytes(response.realm_id()), realms_[realm].id())) {
    return JudgeEnforcement(realms_[realm], response, plan_);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("at ", realms_[realm].address().address, " answers realm ",
                   Hex(AsBytes(response.realm_id())), ", but the realm list expects ",
                   Hex(realms_[realm].id()), " (", realms_[realm].name(), ") there: correct the realm list"));
}

absl::Status Registration::BeginError(size_t realm, const absl::Status& status,
                                      Cancellation& cancellation) const {
  if (!absl::IsFailedPrecondition(status)) return status;
  v1::GetRecordRequest request;
  request.set_record(plan_.record);
  const auto record = realms_[realm].Call(request, cancellation);
  if (!record.ok() || record->highest_version() < plan_.version) return status;
  return absl::AbortedError(status.message());
}

absl::StatusOr<std::string> Registration::WhyLedger(size_t realm, const absl::Status& status,
                                                    Cancellation& cancellation) const {
  if (plan_.enforcement != Enforcement::kChipOrLedger || !absl::IsFailedPrecondition(status)) return status;
  const auto response = realms_[realm].Call(v1::GetRealmRequest(), cancellation);
  if (!response.ok() || !response->has_chip()) return status;
  if (!response->chip().full() && response->chip().free_handles() > 0) return status;
  return std::string(status.message());
}

absl::StatusOr<Registration::Begun> Registration::BeginAt(size_t realm, const RequestSigner& signer,
                                                          Cancellation& cancellation) const {
  LABREC_ASSIGN_OR_RETURN(Counter counter, JudgeRealm(realm, cancellation));
  const SecretBytes input =
      pin::OprfInput(realms_.tenant(), realms_.account(), plan_.record, plan_.version, *plan_.stretched);
  if (counter.by_chip) {
    absl::StatusOr<Begun> begun = BeginByChip(realm, input, signer, cancellation);
    if (begun.ok()) return begun;
    const absl::Status refused = BeginError(realm, begun.status(), cancellation);
    LABREC_ASSIGN_OR_RETURN(counter.no_chip_reason, WhyLedger(realm, refused, cancellation));
  }
  absl::StatusOr<Begun> begun = BeginByLedger(realm, input, cancellation);
  if (!begun.ok()) return BeginError(realm, begun.status(), cancellation);
  begun->no_chip_reason = std::move(counter.no_chip_reason);
  return begun;
}

absl::StatusOr<Registration::Begun> Registration::BeginByChip(size_t realm, const SecretBytes& input,
                                                              const RequestSigner& signer,
                                                              Cancellation& cancellation) const {
  const EcdsaPrivateKey unlock_key = pin::UnlockKey(authority_.s(), realms_[realm].id(), plan_.version);
  LABREC_ASSIGN_OR_RETURN(BegunInChip begun, BeginInChip(realms_, realm,
                                                         {plan_.record, plan_.version, plan_.guess_limit,
                                                          unlock_key, input, *plan_.trust, signer},
                                                         cancellation));
  return Begun{std::move(begun.registration_id), std::move(begun.rho),
               ChipShare{begun.index, std::move(begun.ak_name)}, std::move(begun.report), ""};
}

absl::StatusOr<Registration::Begun> Registration::BeginByLedger(size_t realm, const SecretBytes& input,
                                                                Cancellation& cancellation) const {
  LABREC_ASSIGN_OR_RETURN(const pin::Blinded first, pin::Blind(input));
  LABREC_ASSIGN_OR_RETURN(const pin::Blinded second, pin::Blind(input));
  v1::BeginRegistrationRequest request;
  request.set_record(plan_.record);
  request.set_version(plan_.version);
  request.add_elements(ToString(first.element.Compressed()));
  request.add_elements(ToString(second.element.Compressed()));
  const auto response = realms_[realm].Call(request, cancellation);
  if (!response.ok()) return response.status();
  if (response->evaluated_size() != 2 || response->registration_id().size() != kRegistrationIdBytes) {
    return Faulty(realms_[realm], "did not answer two elements with two points and a registration id");
  }
  auto rho = FinalizeAt(input, first, response->evaluated(0));
  const auto again = FinalizeAt(input, second, response->evaluated(1));
  if (!rho.ok() || !again.ok() || !rho->Equals(again->view())) {
    return Faulty(realms_[realm], "evaluated the same PIN to two different results");
  }
  return Begun{ToBytes(response->registration_id()), *std::move(rho), std::nullopt, {}, ""};
}

absl::Status Registration::Begin(const RequestSigner& signer) {
  std::vector<size_t> asked;
  for (size_t i = 0; i < realms_.size(); ++i) {
    if (reports_[i].condition != RealmCondition::kFaulty) asked.push_back(i);
  }
  auto answers = GatherAll<Begun>(
      asked.size(),
      [&](size_t i, Cancellation& cancellation) { return BeginAt(asked[i], signer, cancellation); },
      realms_.options().begin_limit);
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
  return Outcome(plan_.least_holders, contended);
}

absl::Status Registration::MakeConfig() {
  LABREC_ASSIGN_OR_RETURN(const std::vector<pin::Share> shares,
                          pin::Split(authority_.s(), plan_.threshold, static_cast<uint32_t>(holders())));
  RecordConfig config;
  config.name = {realms_.tenant(), realms_.account(), plan_.record};
  config.version = plan_.version;
  config.threshold = plan_.threshold;
  auto next = shares.begin();
  for (size_t i = 0; i < realms_.size(); ++i) {
    if (!begun_[i]) continue;
    const SecretBytes mask = pin::ShareMask(begun_[i]->rho, realms_[i].id(), plan_.version);
    config.realms.push_back(
        {ToBytes(realms_[i].id()), next->x, pin::MaskShare(next->bytes, mask), begun_[i]->chip});
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
  return AeadSeal(key.view(), padded.view(), digest_);
}

absl::Status Registration::FinishAt(size_t realm, const RequestSigner& signer, const Bytes& sealed,
                                    Cancellation& cancellation) const {
  const Digest commitment = pin::Commit(authority_.s(), digest_);
  const Bytes unlock_spki =
      pin::UnlockKey(authority_.s(), realms_[realm].id(), plan_.version).public_key().Spki();
  const Bytes& id = begun_[realm]->registration_id;
  v1::FinishRegistrationRequest request;
  request.set_record(plan_.record);
  request.set_version(plan_.version);
  request.set_registration_id(ToString(id));
  request.set_config(ToString(config_));
  request.set_commitment(ToString(commitment));
  request.set_unlock_public_key(ToString(unlock_spki));
  request.set_sealed_secret(ToString(sealed));
  const Bytes body =
      FinishRegistrationBody({plan_.record, plan_.version, id, config_, commitment, unlock_spki, sealed});
  return SignedCall(realms_, realm, Operation::kFinishRegistration, body, signer, request, cancellation)
      .status();
}

absl::Status Registration::Finish(const RequestSigner& signer) {
  LABREC_RETURN_IF_ERROR(MakeConfig());
  LABREC_ASSIGN_OR_RETURN(const Bytes sealed, SealSecret());
  std::vector<size_t> asked;
  for (size_t i = 0; i < begun_.size(); ++i) {
    if (begun_[i]) asked.push_back(i);
  }
  const auto answers = GatherAll<Done>(asked.size(), [&](size_t i, Cancellation& cancellation) {
    return ToDone(FinishAt(asked[i], signer, sealed, cancellation));
  });
  bool contended = false;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i].ok()) reports_[asked[i]].Failed(answers[i].status());
    contended |= absl::IsFailedPrecondition(answers[i].status());
  }
  const absl::Status wanted = Outcome(plan_.least_holders, contended);
  return absl::IsAborted(wanted) ? wanted : Outcome(plan_.threshold, contended);
}

void Registration::Retire() {
  if (plan_.retire == nullptr) return;
  RetireChips(realms_, plan_.retire->group, plan_.retire->authority,
              RealmsThatAre(reports_, RealmCondition::kGood), reports_);
}

void Registration::Refill() {
  const std::vector<size_t> active = RealmsThatAre(reports_, RealmCondition::kGood);
  const auto answers = GatherAll<uint32_t>(active.size(), [&](size_t i, Cancellation& cancellation) {
    return RefillAt(realms_, active[i], authority_, cancellation);
  });
  for (size_t i = 0; i < active.size(); ++i) {
    if (answers[i].ok()) reports_[active[i]].remaining = *answers[i];
  }
}

std::vector<RealmCounting> Registration::counting() const {
  std::vector<RealmCounting> counting;
  for (size_t i = 0; i < begun_.size(); ++i) {
    if (!begun_[i]) continue;
    counting.push_back(
        {realms_[i].name(), begun_[i]->chip.has_value(), begun_[i]->report, begun_[i]->no_chip_reason});
  }
  return counting;
}

absl::Status Registration::Activate() {
  v1::ActivateRequest request;
  request.set_record(plan_.record);
  request.set_version(plan_.version);
  const Bytes body = ActivateBody(plan_.record, plan_.version);
  const std::vector<size_t> held = RealmsThatAre(reports_, RealmCondition::kGood);
  const auto answers =
      GatherAll<v1::ActivateResponse>(held.size(), [&](size_t i, Cancellation& cancellation) {
        return SignedCall(realms_, held[i], Operation::kActivate, body, authority_, request, cancellation);
      });
  size_t replaced = 0;
  for (size_t i = 0; i < held.size(); ++i) {
    if (answers[i].ok()) continue;
    // The unlock key of a version that another one replaced is no longer known there.
    const bool gone = absl::IsNotFound(answers[i].status()) || absl::IsPermissionDenied(answers[i].status());
    reports_[held[i]].condition = gone ? RealmCondition::kOutdated : RealmCondition::kPending;
    reports_[held[i]].error = answers[i].status();
    replaced += gone ? 1 : 0;
  }
  if (replaced > 0) return Outcome(plan_.threshold, /*contended=*/true);
  return absl::OkStatus();
}

}  // namespace labrec::recovery::client
