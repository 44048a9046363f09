#include "recovery/client/report/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/report/too_few_realms.h"

namespace labrec::recovery::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Condition = RealmCondition;

RealmReport ReportOf(Condition condition, std::optional<uint32_t> remaining = std::nullopt) {
  RealmReport report;
  report.realm = "r";
  report.condition = condition;
  report.remaining = remaining;
  return report;
}

std::vector<RealmReport> ReportsOf(std::initializer_list<Condition> conditions) {
  std::vector<RealmReport> reports;
  for (const Condition condition : conditions) reports.push_back(ReportOf(condition));
  return reports;
}

TEST(Judge, CountsWhatIsPossible) {
  using enum RealmCondition;
  const struct {
    std::initializer_list<Condition> conditions;
    uint32_t threshold;
    Verdict verdict;
  } cases[] = {
      {{kGood, kGood, kGood}, 2, Verdict::kEnough},
      {{kGood, kUnreachable, kGood}, 2, Verdict::kEnough},
      {{kGood, kPending, kDestroyed}, 2, Verdict::kEnough},
      {{kGood, kUnreachable, kUnreachable}, 2, Verdict::kTooFewRealms},
      {{kGood, kLate, kDestroyed}, 2, Verdict::kTooFewRealms},
      {{kLocked, kLocked, kLocked}, 2, Verdict::kLocked},
      {{kGood, kLocked, kUnreachable}, 2, Verdict::kLocked},
      {{kDestroyed, kDestroyed, kDestroyed}, 2, Verdict::kDestroyed},
      {{kDestroyed, kDestroyed, kGood}, 2, Verdict::kDestroyed},
      {{kDestroyed, kDestroyed, kUnreachable}, 2, Verdict::kDestroyed},
      {{kDestroyed, kNotRegistered, kNotRegistered}, 2, Verdict::kNotRegistered},
      {{kSpent, kSpent, kGood}, 2, Verdict::kUsedUp},
      {{kSpent, kDestroyed, kNotRegistered}, 2, Verdict::kUsedUp},
      {{kSpent, kUnreachable, kGood}, 2, Verdict::kTooFewRealms},
      // What fewer than T say of it is not believed.
      {{kDestroyed, kGood, kGood}, 3, Verdict::kRefused},
      {{kNotRegistered, kGood, kGood}, 3, Verdict::kRefused},
      {{kSpent, kGood, kGood}, 3, Verdict::kRefused},
      {{kDestroyed, kNotRegistered, kGood}, 2, Verdict::kRefused},
      {{kNotRegistered, kDestroyed, kUnreachable}, 2, Verdict::kRefused},
      {{kDestroyed, kDestroyed, kOutdated}, 1, Verdict::kRefused},
      {{kDestroyed, kDestroyed, kDestroyed}, 1, Verdict::kDestroyed},
      {{kDestroyed, kUnreachable, kUnreachable}, 2, Verdict::kTooFewRealms},
      {{kNotRegistered, kNotRegistered, kNotRegistered}, 2, Verdict::kNotRegistered},
      {{kNotRegistered, kNotRegistered, kUnreachable}, 2, Verdict::kNotRegistered},
      {{kNotRegistered, kUnreachable, kUnreachable}, 2, Verdict::kTooFewRealms},
      {{kRefused, kRefused, kRefused}, 2, Verdict::kRefused},
      {{kGood, kFaulty, kDestroyed}, 2, Verdict::kRefused},
      {{kOutdated, kOutdated, kNotRegistered}, 2, Verdict::kRefused},
      {{kOutdated, kNotRegistered, kNotRegistered}, 2, Verdict::kNotRegistered},
      {{kUnreachable}, 1, Verdict::kTooFewRealms},
  };
  for (const auto& c : cases) {
    std::string names;
    for (const Condition condition : c.conditions) names += std::string(ConditionName(condition)) + " ";
    EXPECT_EQ(Judge(ReportsOf(c.conditions), c.threshold), c.verdict) << names;
  }
}

TEST(VerdictError, TellsTooFewRealmsFromRefusals) {
  std::vector<RealmReport> reports = ReportsOf({Condition::kGood, Condition::kUnreachable});
  reports[1].error = absl::UnavailableError("realm beta is down");
  const absl::Status too_few = VerdictError(Verdict::kTooFewRealms, reports, 2);
  EXPECT_TRUE(IsTooFewRealms(too_few));
  EXPECT_TRUE(absl::IsUnavailable(too_few));
  EXPECT_THAT(std::string(too_few.message()), HasSubstr("realm beta is down"));

  reports[1].Failed(absl::UnauthenticatedError("token: it has expired"));
  EXPECT_EQ(reports[1].condition, Condition::kRefused);
  const absl::Status refused = VerdictError(Verdict::kRefused, reports, 2);
  EXPECT_FALSE(IsTooFewRealms(refused));
  EXPECT_TRUE(absl::IsUnauthenticated(refused));
  EXPECT_FALSE(IsTooFewRealms(absl::UnavailableError("one realm")));
}

TEST(RealmReport, FailedTellsAwayFromRefused) {
  RealmReport report;
  report.Failed(absl::UnavailableError(""));
  EXPECT_EQ(report.condition, Condition::kUnreachable);
  report.Failed(absl::DeadlineExceededError(""));
  EXPECT_EQ(report.condition, Condition::kUnreachable);
  report.Failed(absl::CancelledError(""));
  EXPECT_EQ(report.condition, Condition::kLate);
  report.Failed(absl::PermissionDeniedError(""));
  EXPECT_EQ(report.condition, Condition::kRefused);
  report.Failed(absl::DataLossError(""));
  EXPECT_EQ(report.condition, Condition::kRefused);
}

TEST(EnoughAt, IsWhenTheThresholdIsReached) {
  std::vector<RealmReport> reports = ReportsOf({Condition::kLocked, Condition::kLocked, Condition::kLocked});
  reports[0].locked_until_ms = 3000;
  reports[1].locked_until_ms = 1000;
  reports[2].locked_until_ms = 2000;
  EXPECT_EQ(EnoughAt(reports, 1), 1000);
  EXPECT_EQ(EnoughAt(reports, 2), 2000);
  EXPECT_EQ(EnoughAt(reports, 3), 3000);
  reports[2].condition = Condition::kGood;
  EXPECT_EQ(EnoughAt(reports, 2), 1000);
}

TEST(TriesLeft, IsWhatTheThresholdAllows) {
  const std::vector<RealmReport> reports = {ReportOf(Condition::kGood, 9), ReportOf(Condition::kGood, 4),
                                            ReportOf(Condition::kUnreachable), ReportOf(Condition::kGood, 7)};
  EXPECT_EQ(TriesLeft(reports, 1), 9U);
  EXPECT_EQ(TriesLeft(reports, 2), 7U);
  EXPECT_EQ(TriesLeft(reports, 3), 4U);
  EXPECT_EQ(TriesLeft(reports, 4), 0U);
}

TEST(RealmsThatAre, GivesPositions) {
  const auto reports = ReportsOf({Condition::kGood, Condition::kFaulty, Condition::kGood});
  EXPECT_THAT(RealmsThatAre(reports, Condition::kGood), ElementsAre(0, 2));
  EXPECT_THAT(RealmsThatAre(reports, Condition::kFaulty), ElementsAre(1));
}

TEST(Tally, AVersionIsSettledWhenItCanBeRecoveredAndTheOneBeforeCannot) {
  EXPECT_EQ(RealmsThatSettle(3, 2), 2U);
  EXPECT_EQ(RealmsThatSettle(3, 1), 3U);
  EXPECT_EQ(RealmsThatSettle(3, 3), 3U);
  EXPECT_EQ(RealmsThatSettle(5, 2), 4U);
}

}  // namespace
}  // namespace labrec::recovery::client
