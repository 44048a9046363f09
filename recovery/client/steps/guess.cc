#include "recovery/client/steps/guess.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/oprf.h"
#include "pin/pin_input.h"
#include "pin/share_mask.h"
#include "pin/stretch.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

// One realm's answer to Evaluate.
struct Evaluation {
  v1::EvaluateResponse::OutcomeCase outcome = v1::EvaluateResponse::OUTCOME_NOT_SET;
  std::optional<SecretBytes> share;  // if evaluated
  Bytes challenge;
  uint32_t remaining = 0;
  int64_t locked_until_ms = 0;
};

absl::StatusOr<SecretBytes> StretchedInput(const ConfigGroup& group, const SecretBytes& pin) {
  const RecordConfig& config = group.config;
  LABREC_ASSIGN_OR_RETURN(const SecretBytes stretched, pin::Stretch(pin, config.salt, config.argon));
  const RecordName& name = config.name;
  return pin::OprfInput(name.tenant, name.account, name.record, config.version, stretched);
}

v1::EvaluateRequest EvaluateRequestOf(const ConfigGroup& group, const P256Point& element) {
  v1::EvaluateRequest request;
  request.set_record(group.config.name.record);
  request.set_version(group.version());
  request.add_elements(ToString(element.Compressed()));
  return request;
}

absl::Status Faulty(const RealmChannel& realm, std::string_view what) {
  return absl::DataLossError(absl::StrCat("realm ", realm.name(), " ", std::string(what)));
}

// The share that the realm's answer uncovers, right or wrong.
absl::StatusOr<SecretBytes> ShareFrom(const RealmChannel& realm, const ConfigGroup& group,
                                      const GroupMember& member, const SecretBytes& input,
                                      const pin::Blinded& blinded, const v1::Evaluated& evaluated) {
  if (evaluated.evaluated_size() != 1) return Faulty(realm, "did not answer one element with one point");
  const auto point = P256Point::ParseCompressed(AsBytes(evaluated.evaluated(0)));
  if (!point.ok()) return Faulty(realm, "answered with something that is no point of the curve");
  LABREC_ASSIGN_OR_RETURN(const SecretBytes rho, pin::Finalize(input, blinded.blind, *point));
  return pin::UnmaskShare(member.masked_share, pin::ShareMask(rho, realm.id(), group.version()));
}

absl::StatusOr<Evaluation> EvaluateAt(RealmChannel& realm, const ConfigGroup& group,
                                      const GroupMember& member, const SecretBytes& input,
                                      Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const pin::Blinded blinded, pin::Blind(input));
  LABREC_ASSIGN_OR_RETURN(const v1::EvaluateResponse response,
                          realm.Call(EvaluateRequestOf(group, blinded.element), cancellation));
  Evaluation evaluation;
  evaluation.outcome = response.outcome_case();
  evaluation.locked_until_ms = response.locked_until().until_ms();
  evaluation.remaining =
      response.has_locked_until() ? response.locked_until().remaining() : response.evaluated().remaining();
  if (!response.has_evaluated()) return evaluation;
  evaluation.challenge = ToBytes(response.evaluated().challenge());
  LABREC_ASSIGN_OR_RETURN(evaluation.share,
                          ShareFrom(realm, group, member, input, blinded, response.evaluated()));
  return evaluation;
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

void Report(const absl::StatusOr<Evaluation>& answer, RealmReport& report) {
  if (!answer.ok()) {
    report.Failed(answer.status());
    if (absl::IsDataLoss(answer.status())) report.condition = RealmCondition::kFaulty;
    if (absl::IsNotFound(answer.status())) report.condition = RealmCondition::kOutdated;
    return;
  }
  report.remaining = answer->remaining;
  switch (answer->outcome) {
    case v1::EvaluateResponse::kEvaluated:
      report.condition = RealmCondition::kGood;
      return;
    case v1::EvaluateResponse::kLockedUntil:
      report.condition = RealmCondition::kLocked;
      report.locked_until_ms = answer->locked_until_ms;
      return;
    case v1::EvaluateResponse::kDestroyed:
      report.condition = RealmCondition::kDestroyed;
      return;
    case v1::EvaluateResponse::kNotRegistered:
      report.condition = RealmCondition::kNotRegistered;
      report.remaining.reset();
      return;
    case v1::EvaluateResponse::OUTCOME_NOT_SET:
      report.condition = RealmCondition::kFaulty;
      report.error = absl::DataLossError(absl::StrCat("realm ", report.realm, " answered with no outcome"));
  }
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

absl::StatusOr<Guess> MakeGuess(const RealmSet& realms, const ConfigGroup& group, const SecretBytes& pin,
                                std::vector<RealmReport>& reports) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes input, StretchedInput(group, pin));
  std::vector<const GroupMember*> asked;
  for (const GroupMember& member : group.members) {
    if (reports[member.realm].condition == RealmCondition::kGood) asked.push_back(&member);
  }
  const auto answers = GatherUntil<Evaluation>(
      asked.size(), realms.options().grace,
      [&](size_t i, Cancellation& cancellation) {
        return EvaluateAt(realms[asked[i]->realm], group, *asked[i], input, cancellation);
      },
      [&](const Answers<Evaluation>& so_far) {
        const auto answered = [&](size_t i) { return so_far[i] && so_far[i]->ok() ? &**so_far[i] : nullptr; };
        return Find(Shares(asked, answered), group).has_value();
      });

  Guess guess;
  guess.challenges.resize(realms.size());
  guess.version_is_gone =
      std::ranges::all_of(answers, [](const auto& answer) { return absl::IsNotFound(answer.status()); });
  for (size_t i = 0; i < asked.size(); ++i) {
    Report(answers[i], reports[asked[i]->realm]);
    if (answers[i].ok() && answers[i]->share) guess.challenges[asked[i]->realm] = answers[i]->challenge;
  }
  const auto answered = [&](size_t i) { return answers[i].ok() ? &*answers[i] : nullptr; };
  std::optional<pin::FoundSecret> found = Find(Shares(asked, answered), group);
  if (!found) return guess;
  NameFaulty(*found, reports);
  guess.s = std::move(found->s);
  return guess;
}

void CloseSpent(const RealmSet& realms, const ConfigGroup& group, const std::vector<size_t>& spent,
                std::vector<RealmReport>& reports) {
  const auto answers =
      GatherAll<v1::EvaluateResponse>(spent.size(), [&](size_t i, Cancellation& cancellation) {
        const P256Point element = P256Point::Generator().Times(P256Scalar::Random());
        return realms[spent[i]].Call(EvaluateRequestOf(group, element), cancellation);
      });
  for (size_t i = 0; i < spent.size(); ++i) {
    RealmReport& report = reports[spent[i]];
    if (answers[i].ok() && answers[i]->has_destroyed()) report.condition = RealmCondition::kDestroyed;
    // The version is gone there, and the record has another one.
    if (absl::IsNotFound(answers[i].status())) report.condition = RealmCondition::kOutdated;
  }
}

}  // namespace labrec::recovery::client
