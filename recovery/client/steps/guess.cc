#include "recovery/client/steps/guess.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/oprf/oprf.h"
#include "pin/pin_input.h"
#include "pin/sharing/share_mask.h"
#include "pin/stretch.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/work.h"

namespace labrec::recovery::client::core {
namespace {

// One realm's answer to Evaluate.
struct Evaluation {
  wire::EvaluateResponse response;
  std::optional<SecretBytes> share;  // if evaluated
};

// The host does the arithmetic of 0.1 s and more, where it likes.
Task<SecretBytes> StretchedInput(Scope& scope, const ConfigGroup& group, const SecretBytes& pin) {
  const RecordConfig& config = group.config;
  auto work = [own = pin.Clone(), salt = config.salt, argon = config.argon] {
    return pin::Stretch(own, salt, argon);
  };
  LABREC_CO_ASSIGN_OR_RETURN(const SecretBytes stretched, co_await Work<SecretBytes>(scope, std::move(work)));
  const RecordName& name = config.name;
  co_return pin::OprfInput(name.tenant, name.account, name.record, config.version, stretched);
}

wire::EvaluateRequest EvaluateRequestOf(const ConfigGroup& group, const P256Point& element) {
  wire::EvaluateRequest request;
  request.record = group.config.name.record;
  request.version = group.version();
  request.elements.push_back(ToBytes(element.Compressed()));
  return request;
}

absl::Status Faulty(const Realm& realm, std::string_view what) {
  return absl::DataLossError(absl::StrCat("realm ", realm.name, " ", std::string(what)));
}

// The share that the realm's answer uncovers, right or wrong.
absl::StatusOr<SecretBytes> ShareFrom(const Realm& realm, const ConfigGroup& group, const GroupMember& member,
                                      const SecretBytes& input, const pin::Blinded& blinded,
                                      const wire::Evaluated& evaluated) {
  if (evaluated.evaluated.size() != 1) return Faulty(realm, "did not answer one element with one point");
  const auto point = P256Point::ParseCompressed(evaluated.evaluated[0]);
  if (!point.ok()) return Faulty(realm, "answered with something that is no point of the curve");
  LABREC_ASSIGN_OR_RETURN(const SecretBytes rho, pin::Finalize(input, blinded.blind, *point));
  return pin::UnmaskShare(member.masked_share, pin::ShareMask(rho, realm.id, group.version()));
}

// The element is made once: what is sent again is the same bytes, which a realm counts once.
Task<Evaluation> EvaluateAt(Scope& scope, Account& account, const ConfigGroup& group,
                            const GroupMember& member, const SecretBytes& input) {
  LABREC_CO_ASSIGN_OR_RETURN(const pin::Blinded blinded, pin::BlindWith(input, RandomScalar(account.host())));
  wire::EvaluateRequest request = EvaluateRequestOf(group, blinded.element);
  Evaluation evaluation;
  LABREC_CO_ASSIGN_OR_RETURN(evaluation.response,
                             co_await Call(scope, account, member.realm, std::move(request)));
  if (const auto* evaluated = std::get_if<wire::Evaluated>(&evaluation.response.outcome)) {
    LABREC_CO_ASSIGN_OR_RETURN(evaluation.share,
                               ShareFrom(account[member.realm], group, member, input, blinded, *evaluated));
  }
  co_return evaluation;
}

// The shares that came in, as the search wants them.
template <typename AnswerAt>
std::vector<pin::RealmShareAnswer> Shares(const std::vector<const GroupMember*>& asked,
                                          const AnswerAt& answer_at) {
  std::vector<pin::RealmShareAnswer> shares;
  for (size_t i = 0; i < asked.size(); ++i) {
    const Evaluation* evaluation = answer_at(i);
    if (evaluation == nullptr || !evaluation->share) continue;
    shares.push_back({asked[i]->realm, {asked[i]->x, evaluation->share->Clone()}});
  }
  return shares;
}

std::optional<pin::FoundSecret> Find(const std::vector<pin::RealmShareAnswer>& shares,
                                     const ConfigGroup& group) {
  if (shares.size() < group.threshold()) return std::nullopt;
  auto found = pin::FindSecret(shares, group.threshold(), group.commitment, group.digest);
  return found.ok() ? *std::move(found) : std::nullopt;
}

void ReportEvaluation(const absl::StatusOr<Evaluation>& answer, RealmReport& report) {
  if (!answer.ok()) {
    report.Failed(answer.status());
    if (absl::IsDataLoss(answer.status())) report.condition = RealmCondition::kFaulty;
    if (absl::IsNotFound(answer.status())) report.condition = RealmCondition::kOutdated;
    return;
  }
  const auto& outcome = answer->response.outcome;
  if (const auto* evaluated = std::get_if<wire::Evaluated>(&outcome)) {
    report.condition = RealmCondition::kGood;
    report.remaining = evaluated->remaining;
  } else if (const auto* locked = std::get_if<wire::LockedUntil>(&outcome)) {
    report.condition = RealmCondition::kLocked;
    report.locked_until_ms = locked->until_ms;
    report.remaining = locked->remaining;
  } else if (std::holds_alternative<wire::Destroyed>(outcome)) {
    report.condition = RealmCondition::kDestroyed;
    report.remaining = 0;
  } else if (std::holds_alternative<wire::NotRegistered>(outcome)) {
    report.condition = RealmCondition::kNotRegistered;
    report.remaining.reset();
  } else {
    report.condition = RealmCondition::kFaulty;
    report.remaining = 0;
    report.error = absl::DataLossError(absl::StrCat("realm ", report.realm, " answered with no outcome"));
  }
}

// What the realm says that it counted since the last success; nothing if it did not evaluate.
std::optional<uint32_t> TriesOf(const absl::StatusOr<Evaluation>& answer, uint32_t guess_limit) {
  if (!answer.ok() || !answer->share) return std::nullopt;
  const uint32_t remaining = std::get<wire::Evaluated>(answer->response.outcome).remaining;
  return guess_limit - std::min(guess_limit, remaining);
}

void NameFaulty(const pin::FoundSecret& found, std::vector<RealmReport>& reports) {
  for (const size_t realm : found.faulty_realms) {
    RealmReport& report = reports[realm];
    report.condition = RealmCondition::kFaulty;
    report.error = absl::DataLossError(
        absl::StrCat("realm ", report.realm, " evaluated wrongly: its share does not fit the others'"));
  }
}

}  // namespace

Task<Guess> MakeGuess(Scope& scope, Account& account, const ConfigGroup& group, const SecretBytes& pin,
                      std::vector<RealmReport>& reports) {
  LABREC_CO_ASSIGN_OR_RETURN(const SecretBytes input, co_await StretchedInput(scope, group, pin));
  std::vector<const GroupMember*> asked;
  for (const GroupMember& member : group.members) {
    if (reports[member.realm].condition == RealmCondition::kGood) asked.push_back(&member);
  }
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherUntil<Evaluation>(
          scope, asked.size(), account.limits().grace_ms,
          [&](size_t i, Scope& within) { return EvaluateAt(within, account, group, *asked[i], input); },
          [&](const Answers<Evaluation>& so_far) {
            const auto answered = [&](size_t i) {
              return so_far[i] && so_far[i]->ok() ? &**so_far[i] : nullptr;
            };
            return Find(Shares(asked, answered), group).has_value();
          }));

  Guess guess;
  guess.challenges.resize(account.size());
  guess.version_is_gone =
      std::ranges::all_of(answers, [](const auto& answer) { return absl::IsNotFound(answer.status()); });
  for (size_t i = 0; i < asked.size(); ++i) {
    ReportEvaluation(answers[i], reports[asked[i]->realm]);
    reports[asked[i]->realm].tries = TriesOf(answers[i], group.config.guess_limit);
    if (!answers[i].ok() || !answers[i]->share) continue;
    guess.challenges[asked[i]->realm] = std::get<wire::Evaluated>(answers[i]->response.outcome).challenge;
  }
  const auto answered = [&](size_t i) { return answers[i].ok() ? &*answers[i] : nullptr; };
  std::optional<pin::FoundSecret> found = Find(Shares(asked, answered), group);
  if (!found) co_return guess;
  NameFaulty(*found, reports);
  guess.s = std::move(found->s);
  co_return guess;
}

Task<> CloseSpent(Scope& scope, Account& account, const ConfigGroup& group, std::vector<size_t> spent,
                  std::vector<RealmReport>& reports) {
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::EvaluateResponse>(scope, spent.size(), [&](size_t i, Scope& within) {
        const P256Point element = P256Point::Generator().Times(RandomScalar(account.host()));
        return Call(within, account, spent[i], EvaluateRequestOf(group, element));
      }));
  for (size_t i = 0; i < spent.size(); ++i) {
    RealmReport& report = reports[spent[i]];
    if (answers[i].ok() && std::holds_alternative<wire::Destroyed>(answers[i]->outcome)) {
      report.condition = RealmCondition::kDestroyed;
    }
    // The version is gone there, and the record has another one.
    if (absl::IsNotFound(answers[i].status())) report.condition = RealmCondition::kOutdated;
  }
  co_return absl::OkStatus();
}

}  // namespace labrec::recovery::client::core
