#include "tools/mailbox/floor_rules.h"

#include "gtest/gtest.h"
#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/labyrinth/base/reason.h"

// When realms' answers about the epoch floor are enough.
namespace labrec::mailbox {
namespace {

using recovery::client::FailureKind;
using recovery::client::FloorReading;
using recovery::client::RealmCondition;
using recovery::client::RealmFloor;
using recovery::client::RealmReport;
using recovery::labyrinth::Reason;
using recovery::labyrinth::ReasonOf;

// One letter for each realm: g good, n no such record, d not enrolled, u unreachable, c conflicting floor,
// t another TLS certificate than the list's.
std::vector<RealmReport> Reports(const std::string& realms) {
  std::vector<RealmReport> reports;
  for (const char letter : realms) {
    RealmReport report;
    report.realm = "realm " + std::to_string(reports.size());
    report.condition = RealmCondition::kGood;
    if (letter == 'n') report.Failed(absl::NotFoundError("no such record"));
    if (letter == 'd') report.Failed(absl::PermissionDeniedError("not enrolled"));
    if (letter == 'u') report.Failed(absl::UnavailableError("away"));
    if (letter == 't')
      report.Failed(recovery::client::Marked(FailureKind::kTlsMismatch, absl::PermissionDeniedError("TLS")));
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
  return Word(ClaimsOf({{}, Reports(realms)}, threshold).status());
}
std::string Raise(const std::string& realms, uint32_t threshold) {
  return Word(CheckRaised(Reports(realms), threshold));
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
  EXPECT_EQ(Reading("gtt", 2), "too few");  // whoever answers there says nothing of the device
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

// A realm's refusal is a claim of its own: it counts where too few others took the floor.
TEST(FloorRules, ARefusalBlocksOnlyWhereTooFewOthersTookIt) {
  EXPECT_EQ(Raise("ggc", 2), "ok");
  EXPECT_EQ(Raise("gcc", 2), "refused");
  EXPECT_EQ(Raise("gcu", 2), "refused");
  EXPECT_EQ(Raise("ncc", 2), "refused");
  EXPECT_EQ(Raise("gggc", 2), "ok");
  EXPECT_EQ(Raise("ggcc", 2), "refused");
  EXPECT_EQ(Raise("ggc", 1), "refused");
}

TEST(FloorRules, WhatRealmsGiveIsPassedOnUnjudged) {
  const auto claims = ClaimsOf({{FloorAt(7, 2), FloorAt(7, 3), FloorAt(3, 1)}, Reports("gggnu")}, 3);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->claims.size(), 3U);
  EXPECT_EQ(claims->realms, 5U);
  EXPECT_EQ(claims->answers, 4U);
  EXPECT_EQ(claims->needed, 3U);
}

// Nobody is asked to raise what stands already only if so many stand there that a raise would count.
TEST(FloorRules, AFloorIsSettledWhereARaiseWouldCount) {
  const auto settled = [](const std::string& realms, uint32_t threshold, size_t floors) {
    FloorReading reading{{}, Reports(realms)};
    for (size_t i = 0; i < floors; ++i) reading.floors.push_back(FloorAt(7, 2));
    return SettledAt(reading, threshold).has_value();
  };
  EXPECT_TRUE(settled("ggg", 2, 3));
  EXPECT_TRUE(settled("ggu", 2, 2));
  EXPECT_FALSE(settled("ggg", 2, 2));    // one has none yet
  EXPECT_FALSE(settled("gguuu", 2, 2));  // T of them stand there, and N - T + 1 are needed
  EXPECT_FALSE(settled("ggguu", 2, 3));
  EXPECT_TRUE(settled("ggggu", 2, 4));
  EXPECT_TRUE(settled("gggnu", 2, 3));
  FloorReading two{{FloorAt(7, 2), FloorAt(6, 2), FloorAt(7, 2)}, Reports("ggg")};
  EXPECT_FALSE(SettledAt(two, 2).has_value());
}

}  // namespace
}  // namespace labrec::mailbox
