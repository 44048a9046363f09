#include "recovery/client/operations/seal.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/padding.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/sleep.h"
#include "recovery/client/core/work.h"
#include "recovery/client/report/tally.h"
#include "recovery/client/steps/kept_enforcement.h"
#include "recovery/client/steps/next_version.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/registration.h"
#include "recovery/client/steps/try_pin.h"

namespace labrec::recovery::client::core {
namespace {

constexpr int kAttempts = 6;
// The first pause after a contended attempt is up to 50 ms * 2^2: about one attempt.
constexpr int kFirstContendedPause = 2;

absl::Status Check(const Account& account, const SealRequest& request, const SecretBytes& secret) {
  LABREC_RETURN_IF_ERROR(CheckName({account.tenant(), account.account(), request.record}));
  LABREC_RETURN_IF_ERROR(pin::CheckArgonParameters(request.argon));
  if (account.size() == 0) return absl::InvalidArgumentError("no realms to seal to");
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
Task<VersionChoice> NextVersion(Scope& scope, Account& account, const VersionPlan& plan) {
  Least least;
  least.realms = plan.threshold;
  LABREC_CO_ASSIGN_OR_RETURN(const Survey survey,
                             co_await TakeSurvey(scope, account, plan.record, least, SurveyUntil::kAll));
  std::vector<RealmReport> reports = survey.reports;
  std::vector<std::optional<uint32_t>> highest(account.size());
  // For a new version it does not matter what became of the old one.
  for (size_t i = 0; i < account.size(); ++i) {
    const bool away = reports[i].condition == RealmCondition::kUnreachable;
    if (away || reports[i].condition == RealmCondition::kRefused) continue;
    reports[i].condition = RealmCondition::kGood;
    highest[i] = survey.highest_versions[i];
  }
  const auto needed = static_cast<uint32_t>(plan.least_holders);
  const Verdict verdict = Judge(reports, needed);
  if (verdict != Verdict::kEnough) co_return VerdictError(verdict, reports, needed);
  co_return ChooseVersion(highest, plan.threshold);
}

Task<Sealed> AttemptSeal(Scope& scope, Account& account, VersionPlan plan, KnownPin known,
                         const Signer& signer) {
  LABREC_CO_ASSIGN_OR_RETURN(const VersionChoice choice, co_await NextVersion(scope, account, plan));
  plan.version = choice.version;
  Registration registration(account, plan);
  for (const size_t realm : choice.outliers) {
    registration.LeaveOut(realm, "says that the record has a version number far above what the others say");
  }
  LABREC_CO_RETURN_IF_ERROR(co_await registration.Begin(scope, signer));
  LABREC_CO_RETURN_IF_ERROR(co_await registration.Finish(scope, signer));
  LABREC_CO_RETURN_IF_ERROR(co_await registration.Retire(scope));
  LABREC_CO_RETURN_IF_ERROR(co_await registration.Activate(scope));
  if (MayRefill(known)) LABREC_CO_RETURN_IF_ERROR(co_await registration.Refill(scope));
  const size_t active = RealmsThatAre(registration.reports(), RealmCondition::kGood).size();
  const bool complete = active >= RealmsThatSettle(account.size(), plan.threshold);
  Sealed sealed{plan.version, plan.threshold, plan.guess_limit,       registration.holders(),
                complete,     known,          registration.reports(), registration.counting()};
  co_return sealed;
}

// Who counted until now, as nobody said who is to count.
absl::StatusOr<KeptEnforcement> EnforcementOf(const Account& account, const PinTrial& trial,
                                              const std::string& record) {
  if (trial.before) return KeepEnforcement(account, trial.before->config);
  if (!trial.chips_offered) return KeptEnforcement{Enforcement::kLedger, {}};
  return absl::FailedPreconditionError(absl::StrCat(
      "chips count the guesses of record ", record,
      ", but too few realms agree on it to keep that: say who is to count now (--enforcement), or come back "
      "when the other realms are there"));
}

}  // namespace

Task<Sealed> Seal(Scope& scope, Account& account, const SealRequest& request, const SecretBytes& secret,
                  const SecretBytes& pin, const Signer& signer) {
  const uint32_t threshold = ThresholdOf(request, account.size());
  LABREC_CO_RETURN_IF_ERROR(Check(account, request, secret));
  LABREC_CO_ASSIGN_OR_RETURN(const uint32_t guess_limit, GuessLimitOf(request, account.size()));
  const SecretBytes salt = RandomSecret(account.host(), pin::kSaltSize);
  auto work = [own = pin.Clone(), own_salt = ToBytes(salt.view()), argon = request.argon] {
    return pin::Stretch(own, own_salt, argon);
  };
  LABREC_CO_ASSIGN_OR_RETURN(const SecretBytes stretched, co_await Work<SecretBytes>(scope, std::move(work)));

  VersionPlan plan;
  plan.record = request.record;
  plan.threshold = threshold;
  plan.guess_limit = guess_limit;
  plan.least_holders = request.holders == Holders::kEveryRealm ? account.size() : threshold;
  plan.argon = request.argon;
  plan.salt = salt.view();
  plan.stretched = &stretched;
  plan.secret = &secret;
  plan.enforcement = request.enforcement.value_or(Enforcement::kLedger);
  plan.trust = &request.trust;
  plan.retire = request.retire;

  PinTrial trial;
  trial.known = KnownPin::kOther;
  if (request.retire == nullptr) {
    Least least;
    least.realms = std::max(Majority(account.size()), threshold);
    LABREC_CO_ASSIGN_OR_RETURN(trial, co_await TryPin(scope, account, request.record, least, pin));
  }
  ChipTrust kept_trust;
  if (!request.enforcement) {
    LABREC_CO_ASSIGN_OR_RETURN(KeptEnforcement kept, EnforcementOf(account, trial, request.record));
    plan.enforcement = kept.enforcement;
    plan.trust = &kept_trust;
    kept_trust = std::move(kept.trust);
  }
  // The PIN is the one of before: it goes on as a change of PIN.
  std::optional<Retirement> retirement;
  if (trial.known == KnownPin::kSame) {
    retirement.emplace(Retirement{*trial.group, *trial.authority, trial.reports});
    plan.retire = &*retirement;
  }

  for (int attempt = 0;; ++attempt) {
    auto sealed = co_await AttemptSeal(scope, account, plan, trial.known, signer);
    if (!absl::IsAborted(sealed.status()) || attempt + 1 == kAttempts) co_return sealed;
    const int64_t pause_ms = RetryPauseMs(account.host(), attempt + kFirstContendedPause);
    LABREC_CO_RETURN_IF_ERROR(co_await Sleep(scope, pause_ms));
  }
}

}  // namespace labrec::recovery::client::core
