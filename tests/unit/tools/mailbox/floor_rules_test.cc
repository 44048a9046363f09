#include "gtest/gtest.h"
#include "recovery/client/base/too_few_realms.h"
#include "recovery/labyrinth/base/reason.h"
#include "tools/mailbox/recovery_floor.h"

// When realms' answers about the epoch floor are enough.
namespace labrec::mailbox {
namespace {

using recovery::client::FloorReading;
using recovery::client::RealmCondition;
using recovery::client::RealmFloor;
using recovery::client::RealmReport;
using recovery::labyrinth::Floor;
using recovery::labyrinth::Reason;
using recovery::labyrinth::ReasonOf;

// One letter for each realm: g good, n no such record, d not enrolled, u unreachable, c conflicting floor.
std::vector<RealmReport> Reports(const std::string& realms) {
  std::vector<RealmReport> reports;
  for (const char letter : realms) {
    RealmReport report;
    report.realm = "realm " + std::to_string(reports.size());
    report.condition = RealmCondition::kGood;
    if (letter == 'n') report.Failed(absl::NotFoundError("no such record"));
    if (letter == 'd') report.Failed(absl::PermissionDeniedError("not enrolled"));
    if (letter == 'u') report.Failed(absl::UnavailableError("away"));
    if (letter == 'c') report.Failed(absl::FailedPreconditionError("never lowered"));
    reports.push_back(report);
  }
  return reports;
}

RealmFloor FloorAt(uint64_t sequence, uint8_t digest) {
  RealmFloor floor{"realm", sequence, {}, EcdsaPrivateKey::Generate().public_key()};
  floor.digest[0] = digest;
  return floor;
}

// A word for what it comes to.
std::string Word(const absl::Status& status) {
  if (status.ok()) return "ok";
  if (ReasonOf(status) == Reason::kLeftOut) return "left out";
  if (recovery::client::IsTooFewRealms(status)) return "too few";
  return absl::IsFailedPrecondition(status) ? "refused" : "?";
}
std::string Reading(const std::string& realms, uint32_t threshold) {
  return Word(JudgeReading({{}, Reports(realms)}, threshold).status());
}
std::string Raise(const std::string& realms, uint32_t threshold) {
  return Word(JudgeRaise(Reports(realms), threshold));
}

TEST(FloorRules, ReadingTakesTheThreshold) {
  EXPECT_EQ(Reading("g", 1), "ok");
  EXPECT_EQ(Reading("n", 1), "ok");
  EXPECT_EQ(Reading("u", 1), "too few");
  EXPECT_EQ(Reading("d", 1), "left out");
  EXPECT_EQ(Reading("ggu", 2), "ok");
  EXPECT_EQ(Reading("gnu", 2), "ok");
  EXPECT_EQ(Reading("guu", 2), "too few");
  EXPECT_EQ(Reading("gdu", 2), "too few");  // the one that is away may still know it
  EXPECT_EQ(Reading("ggd", 2), "ok");       // one realm cannot say that a device was revoked
  EXPECT_EQ(Reading("gdd", 2), "left out");
  EXPECT_EQ(Reading("gggd", 4), "left out");
}

// Raised at all holders but T - 1, every T of them include one that has it.
TEST(FloorRules, ARaiseCountsWhenEveryRecoveryWouldSeeIt) {
  EXPECT_EQ(Raise("g", 1), "ok");
  EXPECT_EQ(Raise("u", 1), "too few");
  EXPECT_EQ(Raise("ggu", 2), "ok");
  EXPECT_EQ(Raise("guu", 2), "too few");
  EXPECT_EQ(Raise("guu", 3), "ok");
  EXPECT_EQ(Raise("ggu", 1), "too few");
  EXPECT_EQ(Raise("ggg", 1), "ok");
  EXPECT_EQ(Raise("gggu", 2), "ok");
  EXPECT_EQ(Raise("gguu", 2), "too few");
  EXPECT_EQ(Raise("gddu", 3), "left out");
}

TEST(FloorRules, RealmsWithoutTheRecordProtectNothing) {
  EXPECT_EQ(Raise("nnn", 2), "ok");
  EXPECT_EQ(Raise("nnu", 2), "ok");
  EXPECT_EQ(Raise("ngg", 2), "ok");
  EXPECT_EQ(Raise("ngu", 2), "ok");  // two holders, T 2: both are needed, one has it
  EXPECT_EQ(Raise("nuu", 2), "too few");
  EXPECT_EQ(Raise("ngu", 1), "too few");
}

TEST(FloorRules, OneRealmWithAHigherOrConflictingFloorIsEnoughToRefuse) {
  EXPECT_EQ(Raise("ggc", 2), "refused");
  EXPECT_EQ(Raise("ncc", 2), "refused");
}

TEST(FloorRules, TheHighestFloorHoldsAndMustBeOne) {
  EXPECT_EQ(*HighestFloor({}), std::nullopt);
  const auto highest = HighestFloor({FloorAt(3, 1), FloorAt(7, 2), FloorAt(7, 2), FloorAt(3, 9)});
  ASSERT_TRUE(highest.ok() && highest->has_value());
  EXPECT_EQ((*highest)->sequence, 7U);
  EXPECT_EQ((*highest)->digest[0], 2);
  const auto forked = HighestFloor({FloorAt(3, 1), FloorAt(7, 2), FloorAt(7, 3)});
  EXPECT_TRUE(absl::IsDataLoss(forked.status()));
  EXPECT_EQ(ReasonOf(forked.status()), Reason::kForked);
  // Which of two lower ones is right does not matter: the highest is held against the history.
  EXPECT_TRUE(HighestFloor({FloorAt(3, 1), FloorAt(3, 2)}).status().ok() == false);
  EXPECT_TRUE(HighestFloor({FloorAt(7, 2), FloorAt(3, 1), FloorAt(3, 2)}).ok());
}

}  // namespace
}  // namespace labrec::mailbox
