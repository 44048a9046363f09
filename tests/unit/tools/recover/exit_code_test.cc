#include "tools/recover/exit_code.h"

#include <gtest/gtest.h>

#include "recovery/client/report/too_few_realms.h"
#include "tools/cli/advice.h"

namespace labrec::recover {
namespace {

using namespace recovery::client;  // NOLINT: the outcomes are many
using Condition = RealmCondition;

std::vector<RealmReport> ReportsOf(std::initializer_list<Condition> conditions) {
  std::vector<RealmReport> reports;
  for (const Condition condition : conditions) {
    RealmReport& report = reports.emplace_back();
    report.realm = "r";
    report.condition = condition;
  }
  return reports;
}

TEST(ExitCode, OfErrors) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::InternalError("x")), 1);
  EXPECT_EQ(ExitCode(absl::UnavailableError("a single realm")), 1);
  EXPECT_EQ(ExitCode(TooFewRealmsError("x")), 6);
}

TEST(ExitCode, OfOutcomes) {
  EXPECT_EQ(ExitCode(RecoverOutcome(Recovered{SecretBytes(), {}, {SecretBytes(), "r", 1}, {}, {}})), 0);
  EXPECT_EQ(ExitCode(RecoverOutcome(WrongPin{})), 3);
  EXPECT_EQ(ExitCode(RecoverOutcome(LockedUntil{})), 4);
  EXPECT_EQ(ExitCode(RecoverOutcome(Destroyed{})), 4);
  EXPECT_EQ(ExitCode(RecoverOutcome(NotRegistered{})), 5);
  EXPECT_EQ(ExitCode(PinChange(Sealed{})), 0);
  EXPECT_EQ(ExitCode(PinChange(WrongPin{})), 3);
  EXPECT_EQ(ExitCode(PinChange(Destroyed{})), 4);
}

TEST(ExitCode, OfWhatAllRealmsDo) {
  using enum RealmCondition;
  EXPECT_EQ(ExitCodeOfAll(ReportsOf({kGood, kGood})), 0);
  EXPECT_EQ(ExitCodeOfAll(ReportsOf({kGood, kNotRegistered})), 0);
  EXPECT_EQ(ExitCodeOfAll(ReportsOf({kNotRegistered, kNotRegistered})), 5);
  EXPECT_EQ(ExitCodeOfAll(ReportsOf({kGood, kUnreachable})), 6);
  EXPECT_EQ(ExitCodeOfAll(ReportsOf({kGood, kRefused, kUnreachable})), 1);
}

TEST(ExitCode, OfStatus) {
  using enum RealmCondition;
  const auto code = [](std::initializer_list<Condition> conditions, std::optional<uint32_t> version) {
    RecordStatus status;
    status.version = version;
    status.threshold = 2;
    for (const RealmReport& report : ReportsOf(conditions)) status.realms.emplace_back().report = report;
    return ExitCode(status, 2);
  };
  EXPECT_EQ(code({kGood, kGood, kUnreachable}, 1), 0);
  EXPECT_EQ(code({kGood, kUnreachable, kUnreachable}, std::nullopt), 6);
  EXPECT_EQ(code({kGood, kGood, kGood}, std::nullopt), 1);
  EXPECT_EQ(code({kDestroyed, kDestroyed, kGood}, 1), 4);
  EXPECT_EQ(code({kLocked, kLocked, kGood}, 1), 4);
  EXPECT_EQ(code({kNotRegistered, kNotRegistered, kNotRegistered}, std::nullopt), 5);
}

TEST(Explain, WrongPinSaysWhatIsLeft) {
  EXPECT_EQ(cli::Explain(WrongPin{3, {}}),
            "wrong PIN; 3 tries are left, then the record is destroyed for good");
  EXPECT_EQ(cli::Explain(WrongPin{1, {}}), "wrong PIN; 1 try is left, then the record is destroyed for good");
  EXPECT_EQ(cli::Explain(WrongPin{0, ReportsOf({Condition::kDestroyed})}),
            "wrong PIN; it was the last try: the record is destroyed for good (keys erased at: r)");
}

TEST(Explain, TimesAreUtc) {
  EXPECT_EQ(cli::UtcTime(1'767'225'599'000), "2025-12-31 23:59:59 UTC");
}

}  // namespace
}  // namespace labrec::recover
