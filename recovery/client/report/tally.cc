#include "recovery/client/report/tally.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "recovery/client/report/too_few_realms.h"

namespace labrec::recovery::client {
namespace {

size_t Count(const std::vector<RealmReport>& reports, std::initializer_list<RealmCondition> conditions) {
  return static_cast<size_t>(std::ranges::count_if(reports, [&](const RealmReport& report) {
    return std::ranges::find(conditions, report.condition) != conditions.end();
  }));
}

bool IsAway(const RealmReport& report) {
  return report.condition == RealmCondition::kUnreachable || report.condition == RealmCondition::kLate;
}

absl::Status TooFew(const std::vector<RealmReport>& reports, uint32_t threshold) {
  std::string message = absl::StrCat("too few realms: ", threshold, " of ", reports.size(), " must answer, ",
                                     Count(reports, {RealmCondition::kGood}), " did");
  for (const RealmReport& report : reports) {
    if (IsAway(report)) absl::StrAppend(&message, "; ", report.error.message());
  }
  return TooFewRealmsError(message);
}

// What realms say of why they do not give the record, in words.
std::string Claims(const std::vector<RealmReport>& reports) {
  std::string claims;
  for (const RealmReport& report : reports) {
    if (Count({report},
              {RealmCondition::kSpent, RealmCondition::kDestroyed, RealmCondition::kNotRegistered}) == 0) {
      continue;
    }
    absl::StrAppend(&claims, claims.empty() ? "" : ", ", "realm ", report.realm, " says ",
                    AbslView(ConditionName(report.condition)));
  }
  return claims;
}

absl::Status Refusal(const std::vector<RealmReport>& reports) {
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kRefused) return report.error;
  }
  const std::string claims = Claims(reports);
  if (!claims.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "too few realms are left to give the record, and too few say the same of why to believe "
        "it: ",
        claims, ". One of them does not tell the truth, or missed a change; ask their operators"));
  }
  std::string message =
      "the realms do not agree on one version of the record: a registration was not completed, or realms are "
      "faulty; seal again from an enrolled device";
  for (const RealmReport& report : reports) {
    if (!report.error.ok()) absl::StrAppend(&message, "; ", report.error.message());
  }
  return absl::FailedPreconditionError(message);
}

}  // namespace

Verdict Judge(const std::vector<RealmReport>& reports, uint32_t threshold) {
  size_t possible = Count(reports, {RealmCondition::kGood, RealmCondition::kPending});
  if (possible >= threshold) return Verdict::kEnough;
  possible += Count(reports, {RealmCondition::kLocked});
  if (possible >= threshold) return Verdict::kLocked;
  possible += Count(reports, {RealmCondition::kUnreachable, RealmCondition::kLate});
  if (possible >= threshold) return Verdict::kTooFewRealms;
  possible += Count(reports, {RealmCondition::kRefused, RealmCondition::kFaulty, RealmCondition::kOutdated});
  if (possible >= threshold) return Verdict::kRefused;
  const size_t needed = RealmsThatSettle(reports.size(), threshold);
  if (Count(reports, {RealmCondition::kDestroyed}) >= needed) return Verdict::kDestroyed;
  if (Count(reports, {RealmCondition::kNotRegistered}) >= needed) return Verdict::kNotRegistered;
  const size_t used_up = Count(reports, {RealmCondition::kDestroyed, RealmCondition::kSpent});
  return used_up >= needed ? Verdict::kUsedUp : Verdict::kRefused;
}

int64_t EnoughAt(const std::vector<RealmReport>& reports, uint32_t threshold) {
  std::vector<int64_t> times;
  for (const RealmReport& report : reports) {
    const bool good = report.condition == RealmCondition::kGood;
    if (good || report.condition == RealmCondition::kLocked)
      times.push_back(good ? 0 : report.locked_until_ms);
  }
  std::ranges::sort(times);
  return threshold == 0 || times.size() < threshold ? 0 : times[threshold - 1];
}

absl::Status VerdictError(Verdict verdict, const std::vector<RealmReport>& reports, uint32_t threshold) {
  return verdict == Verdict::kRefused ? Refusal(reports) : TooFew(reports, threshold);
}

}  // namespace labrec::recovery::client
