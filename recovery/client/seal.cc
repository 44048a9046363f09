#include "recovery/client/seal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/padding.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/client/base/cancellation.h"
#include "recovery/client/base/tally.h"
#include "recovery/client/base/too_few_realms.h"
#include "recovery/client/grpc/retry_pause.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/registration.h"

namespace labrec::recovery::client {
namespace {

constexpr int kAttempts = 6;
// The first pause after a contended attempt is up to 50 ms * 2^2: about one attempt.
constexpr int kFirstContendedPause = 2;

absl::Status Check(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret,
                   uint32_t threshold) {
  LABREC_RETURN_IF_ERROR(CheckName({realms.tenant(), realms.account(), request.record}));
  LABREC_RETURN_IF_ERROR(pin::CheckArgonParameters(request.argon));
  if (realms.size() == 0) return absl::InvalidArgumentError("no realms to seal to");
  if (threshold > realms.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("threshold ", threshold, " is more than the ", realms.size(), " realms"));
  }
  LABREC_RETURN_IF_ERROR(CheckGuessLimit("guess limit", request.guess_limit));
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
absl::StatusOr<uint32_t> NextVersion(const RealmSet& realms, const VersionPlan& plan) {
  const Survey survey = TakeSurvey(realms, plan.record, plan.threshold, SurveyUntil::kAll);
  std::vector<RealmReport> reports = survey.reports;
  // For a new version it does not matter what became of the old one.
  for (RealmReport& report : reports) {
    const bool away = report.condition == RealmCondition::kUnreachable;
    if (!away && report.condition != RealmCondition::kRefused) report.condition = RealmCondition::kGood;
  }
  const auto needed = static_cast<uint32_t>(plan.least_holders);
  const Verdict verdict = Judge(reports, needed);
  if (verdict != Verdict::kEnough) return VerdictError(verdict, reports, needed);
  return survey.highest_version + 1;
}

absl::StatusOr<Sealed> Attempt(const RealmSet& realms, VersionPlan plan, const RequestSigner& signer) {
  LABREC_ASSIGN_OR_RETURN(plan.version, NextVersion(realms, plan));
  Registration registration(realms, plan);
  LABREC_RETURN_IF_ERROR(registration.Begin(signer));
  LABREC_RETURN_IF_ERROR(registration.Finish(signer));
  registration.Retire();
  LABREC_RETURN_IF_ERROR(registration.Activate());
  return Sealed{plan.version, plan.threshold, registration.reports(), registration.counting()};
}

}  // namespace

absl::StatusOr<Sealed> Seal(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret,
                            const SecretBytes& pin, const RequestSigner& signer) {
  const uint32_t threshold = request.threshold > 0 ? request.threshold : Majority(realms.size());
  LABREC_RETURN_IF_ERROR(Check(realms, request, secret, threshold));
  const SecretBytes salt = SecretBytes::Random(pin::kSaltSize);
  LABREC_ASSIGN_OR_RETURN(const SecretBytes stretched, pin::Stretch(pin, salt.view(), request.argon));

  VersionPlan plan;
  plan.record = request.record;
  plan.threshold = threshold;
  plan.guess_limit = request.guess_limit;
  plan.least_holders = request.holders == Holders::kEveryRealm ? realms.size() : threshold;
  plan.argon = request.argon;
  plan.salt = salt.view();
  plan.stretched = &stretched;
  plan.secret = &secret;
  plan.enforcement = request.enforcement;
  plan.trust = &request.trust;
  plan.retire = request.retire;

  Cancellation never;
  for (int attempt = 0;; ++attempt) {
    absl::StatusOr<Sealed> sealed = Attempt(realms, plan, signer);
    if (!absl::IsAborted(sealed.status()) || attempt + 1 == kAttempts) return sealed;
    never.WaitFor(RetryPause(attempt + kFirstContendedPause));
  }
}

}  // namespace labrec::recovery::client
