#include "recovery/client/seal.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/padding.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/client/base/cancellation.h"
#include "recovery/client/base/tally.h"
#include "recovery/client/base/too_few_realms.h"
#include "recovery/client/grpc/retry_pause.h"
#include "recovery/client/steps/kept_enforcement.h"
#include "recovery/client/steps/next_version.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/registration.h"
#include "recovery/client/steps/try_pin.h"

namespace labrec::recovery::client {
namespace {

constexpr int kAttempts = 6;
// The first pause after a contended attempt is up to 50 ms * 2^2: about one attempt.
constexpr int kFirstContendedPause = 2;

absl::Status Check(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret) {
  LABREC_RETURN_IF_ERROR(CheckName({realms.tenant(), realms.account(), request.record}));
  LABREC_RETURN_IF_ERROR(pin::CheckArgonParameters(request.argon));
  if (realms.size() == 0) return absl::InvalidArgumentError("no realms to seal to");
  // Who is to count as before is known by the version before.
  const bool by_roots =
      request.enforcement == Enforcement::kChip || request.enforcement == Enforcement::kChipOrLedger;
  if (by_roots && !request.trust.roots) {
    return absl::InvalidArgumentError(
        "a chip is believed by its vendor's certificate: name a folder of TPM vendors' certificates");
  }
  if (secret.empty() || secret.size() > pin::kMostSecretBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the secret has ", secret.size(), " bytes; 1 to ",
                                                   pin::kMostSecretBytes, " can be sealed"));
  }
  return absl::OkStatus();
}

// The version to take, or an error if too few realms can be asked for it.
absl::StatusOr<VersionChoice> NextVersion(const RealmSet& realms, const VersionPlan& plan) {
  const Survey survey = TakeSurvey(realms, plan.record, {plan.threshold}, SurveyUntil::kAll);
  std::vector<RealmReport> reports = survey.reports;
  std::vector<std::optional<uint32_t>> highest(realms.size());
  // For a new version it does not matter what became of the old one.
  for (size_t i = 0; i < realms.size(); ++i) {
    const bool away = reports[i].condition == RealmCondition::kUnreachable;
    if (away || reports[i].condition == RealmCondition::kRefused) continue;
    reports[i].condition = RealmCondition::kGood;
    highest[i] = survey.highest_versions[i];
  }
  const auto needed = static_cast<uint32_t>(plan.least_holders);
  const Verdict verdict = Judge(reports, needed);
  if (verdict != Verdict::kEnough) return VerdictError(verdict, reports, needed);
  return ChooseVersion(highest, plan.threshold);
}

uint32_t ThresholdOf(const SealRequest& request, size_t realms) {
  return request.threshold > 0 ? request.threshold : Majority(realms);
}

absl::StatusOr<Sealed> Attempt(const RealmSet& realms, VersionPlan plan, KnownPin known,
                               const RequestSigner& signer) {
  LABREC_ASSIGN_OR_RETURN(const VersionChoice choice, NextVersion(realms, plan));
  plan.version = choice.version;
  Registration registration(realms, plan);
  for (const size_t realm : choice.outliers) {
    registration.LeaveOut(realm, "says that the record has a version number far above what the others say");
  }
  LABREC_RETURN_IF_ERROR(registration.Begin(signer));
  LABREC_RETURN_IF_ERROR(registration.Finish(signer));
  registration.Retire();
  LABREC_RETURN_IF_ERROR(registration.Activate());
  if (MayRefill(known)) registration.Refill();
  const size_t active = RealmsThatAre(registration.reports(), RealmCondition::kGood).size();
  const bool complete = active >= RealmsThatSettle(realms.size(), plan.threshold);
  return Sealed{plan.version, plan.threshold, plan.guess_limit,       registration.holders(),
                complete,     known,          registration.reports(), registration.counting()};
}

// Who counted until now, as nobody said who is to count.
absl::StatusOr<KeptEnforcement> EnforcementOf(const RealmSet& realms, const PinTrial& trial,
                                              const std::string& record) {
  if (trial.before) return KeepEnforcement(realms, trial.before->config);
  if (!trial.chips_offered) return KeptEnforcement{Enforcement::kLedger, {}};
  return absl::FailedPreconditionError(absl::StrCat(
      "chips count the guesses of record ", record,
      ", but too few realms agree on it to keep that: say who is to count now (--enforcement), or come back "
      "when the other realms are there"));
}

}  // namespace

absl::StatusOr<uint32_t> GuessLimitOf(const SealRequest& request, size_t realms) {
  const pin::Quorum quorum{static_cast<uint32_t>(realms), ThresholdOf(request, realms)};
  if (quorum.threshold > realms) {
    return absl::InvalidArgumentError(
        absl::StrCat("threshold ", quorum.threshold, " is more than the ", realms, " realms"));
  }
  if (request.guess_limit) {
    LABREC_RETURN_IF_ERROR(CheckGuessLimit("guess limit", *request.guess_limit));
    return *request.guess_limit;
  }
  const uint32_t limit = pin::GreatestLimit(quorum, request.total_guesses, request.against);
  if (limit > 0) return std::min(limit, kMostGuesses);
  return absl::InvalidArgumentError(
      absl::StrCat("a total of ", request.total_guesses, " guesses leaves none for each of ", realms,
                   " realms, any ", quorum.threshold, " of which bring the secret back: allow at least ",
                   pin::SmallestTotal(quorum, request.against), ", or take a greater threshold"));
}

absl::StatusOr<Sealed> Seal(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret,
                            const SecretBytes& pin, const RequestSigner& signer) {
  const uint32_t threshold = ThresholdOf(request, realms.size());
  LABREC_RETURN_IF_ERROR(Check(realms, request, secret));
  LABREC_ASSIGN_OR_RETURN(const uint32_t guess_limit, GuessLimitOf(request, realms.size()));
  const SecretBytes salt = SecretBytes::Random(pin::kSaltSize);
  LABREC_ASSIGN_OR_RETURN(const SecretBytes stretched, pin::Stretch(pin, salt.view(), request.argon));

  VersionPlan plan;
  plan.record = request.record;
  plan.threshold = threshold;
  plan.guess_limit = guess_limit;
  plan.least_holders = request.holders == Holders::kEveryRealm ? realms.size() : threshold;
  plan.argon = request.argon;
  plan.salt = salt.view();
  plan.stretched = &stretched;
  plan.secret = &secret;
  plan.enforcement = request.enforcement.value_or(Enforcement::kLedger);
  plan.trust = &request.trust;
  plan.retire = request.retire;

  PinTrial trial{KnownPin::kOther};
  if (request.retire == nullptr) {
    trial = TryPin(realms, request.record, {std::max(Majority(realms.size()), threshold)}, pin);
  }
  ChipTrust kept_trust;
  if (!request.enforcement) {
    LABREC_ASSIGN_OR_RETURN(KeptEnforcement kept, EnforcementOf(realms, trial, request.record));
    plan.enforcement = kept.enforcement;
    plan.trust = &kept_trust;
    kept_trust = std::move(kept.trust);
  }
  // The PIN is the one of before: it goes on as a change of PIN.
  std::optional<Retirement> retirement;
  if (trial.known == KnownPin::kSame) plan.retire = &retirement.emplace(*trial.group, *trial.authority);

  Cancellation never;
  for (int attempt = 0;; ++attempt) {
    absl::StatusOr<Sealed> sealed = Attempt(realms, plan, trial.known, signer);
    if (!absl::IsAborted(sealed.status()) || attempt + 1 == kAttempts) return sealed;
    never.WaitFor(RetryPause(attempt + kFirstContendedPause));
  }
}

}  // namespace labrec::recovery::client
