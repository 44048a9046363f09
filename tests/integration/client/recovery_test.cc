#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

#include "hsm/base/encoding.h"
#include "recovery/client/report/too_few_realms.h"
#include "tests/integration/client/world.h"

namespace labrec::recovery::client {
namespace {

using testing::Each;
using testing::ElementsAre;

class ClientRecovery : public ClientWorld {};

TEST_F(ClientRecovery, TheRightPinBringsTheSecretBack) {
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->version, 1U);
  EXPECT_EQ(Conditions(sealed->reports), "good good good");
  EXPECT_THAT(Remaining(), Each(10U));

  const auto outcome = RecoverAs(*NewClient(), kRight);
  EXPECT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(Conditions(std::get<client::Recovered>(*outcome).reports), "good good good");
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientRecovery, AWrongPinCostsExactlyOneEverywhereAndARightOneRefills) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  const auto outcome = RecoverAs(alice(), kWrong);
  ASSERT_TRUE(outcome.ok() && std::holds_alternative<WrongPin>(*outcome)) << Describe(outcome);
  EXPECT_EQ(std::get<WrongPin>(*outcome).tries_left, 9U);
  for (const RealmReport& report : std::get<WrongPin>(*outcome).reports) EXPECT_EQ(report.remaining, 9U);
  EXPECT_THAT(Remaining(), Each(9U));
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_THAT(Remaining(), Each(8U));
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientRecovery, TheLastWrongPinErasesTheKeysAtOnce) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 3).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  for (size_t i = 0; i < kRealms; ++i) EXPECT_FALSE(realm(i).IsDestroyed("alice"));
  const auto last = RecoverAs(alice(), kWrong);
  ASSERT_TRUE(last.ok() && std::holds_alternative<WrongPin>(*last)) << Describe(last);
  EXPECT_EQ(std::get<WrongPin>(*last).tries_left, 0U);
  EXPECT_EQ(Conditions(std::get<WrongPin>(*last).reports), "destroyed destroyed destroyed");
  for (size_t i = 0; i < kRealms; ++i) EXPECT_TRUE(realm(i).IsDestroyed("alice"));
  EXPECT_EQ(Recovered(kRight), "destroyed");
}

TEST_F(ClientRecovery, TheLastTryMayStillBeRight) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 2).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  EXPECT_THAT(Remaining(), Each(2U));
}

TEST_F(ClientRecovery, ADestroyedRecordIsSealedAgainWithAllTries) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 1).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Recovered(kRight), "destroyed");
  const auto sealed = SealAs(alice(), "another PIN", "another secret");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->version, 2U);
  EXPECT_EQ(Recovered("another PIN"), "secret: another secret");
}

TEST_F(ClientRecovery, NothingSealedIsNotRegistered) {
  EXPECT_EQ(Recovered(kRight), "not registered");
}

TEST_F(ClientRecovery, OneRealmDownIsLeftOut) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  realm(1).Disconnect();
  const auto outcome = RecoverAs(alice(), kRight);
  EXPECT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(Conditions(std::get<client::Recovered>(*outcome).reports).substr(0, 4), "good");
  EXPECT_NE(std::get<client::Recovered>(*outcome).reports[1].condition, RealmCondition::kGood);
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  Reconnect(1);
  EXPECT_THAT(Remaining(), ElementsAre(9U, 10U, 9U));
}

TEST_F(ClientRecovery, TwoRealmsDownAreTooFewAndCostNothing) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  realm(1).Disconnect();
  realm(2).Disconnect();
  const auto outcome = RecoverAs(alice(), kRight);
  EXPECT_TRUE(IsTooFewRealms(outcome.status())) << Describe(outcome);
  EXPECT_EQ(proxy(0).calls("Evaluate"), 0);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientRecovery, SpentAtOneRealmTheOthersAreEnough) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 2).ok());
  // Two guesses reach realm 0 only, and another one there would destroy its record.
  for (size_t i = 1; i < kRealms; ++i) {
    proxy(i).OnRequest([](const std::string& rpc, const google::protobuf::Message&) {
      return rpc == "Evaluate" ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "away") : grpc::Status::OK;
    });
  }
  for (int guess = 0; guess < 2; ++guess) {
    EXPECT_TRUE(IsTooFewRealms(RecoverAs(alice(), kWrong).status()));
  }
  EXPECT_EQ(realm(0).Remaining("alice"), 0U);
  for (size_t i = 1; i < kRealms; ++i) proxy(i).Behave();
  const auto outcome = RecoverAs(alice(), kRight);
  EXPECT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(Conditions(std::get<client::Recovered>(*outcome).reports), "good good good")
      << "it was not asked for a guess, and has its guesses back";
  EXPECT_THAT(Remaining(), Each(2U));
}

TEST_F(ClientRecovery, CountsAndSecretsOutliveARestart) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  for (size_t i = 0; i < kRealms; ++i) realm(i).Restart();
  EXPECT_THAT(Remaining(), Each(9U));
  EXPECT_EQ(Describe(RecoverAs(*NewClient(), kRight)), std::string("secret: ") + kSecret);
}

TEST_F(ClientRecovery, AForeignTokenIsRefusedNotTooFew) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  RealmSet stranger("chat", "alice");
  for (size_t i = 0; i < kRealms; ++i) {
    const std::string claims = R"({"iss":"chat","sub":"alice","aud":")" + Hex(realm(i).address().id) + "\"}";
    const std::string foreign = absl::WebSafeBase64Escape("{}") + "." + absl::WebSafeBase64Escape(claims) +
                                "." + absl::WebSafeBase64Escape("nobody's signature");
    ASSERT_TRUE(stranger.Add(realm(i).address(), foreign).ok());
  }
  const auto outcome = RecoverAs(stranger, kRight);
  EXPECT_TRUE(absl::IsUnauthenticated(outcome.status())) << Describe(outcome);
}

// After a wrong PIN the realms take no guess for an hour.
class LockingRealms : public ClientWorld {
 protected:
  LockingRealms() : ClientWorld(Options()) {}
  static EngineOptions Options() {
    EngineOptions options;
    options.guess_policy.delays = {std::chrono::hours(1)};
    return options;
  }
};

TEST_F(LockingRealms, LockedIsSaidAndCostsNothing) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_TRUE(outcome.ok() && std::holds_alternative<client::LockedUntil>(*outcome)) << Describe(outcome);
  const int64_t in_ms = std::get<client::LockedUntil>(*outcome).until_ms - SystemClock().NowMillis();
  EXPECT_GT(in_ms, 3'000'000);
  EXPECT_LE(in_ms, 3'600'000);
  EXPECT_THAT(Remaining(), Each(9U));
}

}  // namespace
}  // namespace labrec::recovery::client
