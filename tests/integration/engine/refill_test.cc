#include <atomic>
#include <functional>

#include <gtest/gtest.h>

#include "tests/integration/engine/client.h"

// Refills that ride along (docs/ledger.md), on both kinds of device: what is anchored, and what a crash
// loses.
namespace labrec::recovery {
namespace {

class EngineRefill : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  void SetUp() override { CountAnchors(); }
  void CountAnchors() {
    realm.device().hooks.before_commit = [this] { return ++anchors, absl::OkStatus(); };
  }
  // A guess, and the success that follows it.
  void Recover(EngineClient& who, uint32_t element) {
    const auto guessed = who.Guess(element);
    ASSERT_TRUE(guessed.ok() && std::holds_alternative<Evaluated>(*guessed)) << guessed.status();
    Unlock(who, std::get<Evaluated>(*guessed).challenge);
  }
  void Unlock(EngineClient& who, const Challenge& challenge) {
    const auto unlocked = who.Unlock(challenge);
    ASSERT_TRUE(unlocked.ok() && std::holds_alternative<Unlocked>(*unlocked)) << unlocked.status();
  }
  // A run that ends without another batch, and a start.
  void Crash() {
    realm.device().hooks.before_prepare = [] { return absl::UnavailableError("the run is ended here"); };
    realm.Restart();
    CountAnchors();
  }
  uint32_t Stored() { return realm.StoredRecord(client.name)->versions.at(0).spent; }

  std::atomic<int> anchors = 0;
  EngineRealm realm{GetParam()};
  EngineClient client{realm};
};
INSTANTIATE_TEST_SUITE_P(Device, EngineRefill,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(EngineRefill, ARecoveryIsOneAnchor) {
  ASSERT_TRUE(client.SetUp().ok());
  anchors = 0;
  Recover(client, 1);
  EXPECT_EQ(anchors, 1);
  EXPECT_EQ(client.Remaining(), 10U);
  EXPECT_EQ(Stored(), 1U);
  Recover(client, 2);
  EXPECT_EQ(anchors, 2);
  EXPECT_EQ(Stored(), 1U) << "the refill before was written with the guess";
}

// docs/performance.md, "Anchors in calm".
TEST_P(EngineRefill, AnchorsOfEachOperationInCalm) {
  const auto anchors_of = [&](const std::function<void()>& operation) {
    anchors = 0;
    operation();
    return anchors.load();
  };
  const auto seal = [&](uint32_t version) {
    ASSERT_TRUE(client.Register(version).ok());
    ASSERT_TRUE(client.Activate(version).ok());
  };
  EXPECT_EQ(anchors_of([&] { ASSERT_TRUE(client.Enroll().ok()); }), 1);
  EXPECT_EQ(anchors_of([&] { seal(1); }), 2);
  EXPECT_EQ(anchors_of([&] { Recover(client, 1); }), 1);
  EXPECT_EQ(anchors_of([&] {
              Recover(client, 2);
              seal(2);
            }),
            3)
      << "a change of PIN";
  EXPECT_EQ(anchors_of([&] { ASSERT_TRUE(client.View().ok()); }), 0);
  const uint64_t before = realm.engine().status().epoch;
  realm.Restart();
  EXPECT_EQ(realm.engine().status().epoch, before + 2) << "a start";
}

TEST_P(EngineRefill, ACleanStopWritesWhatWaits) {
  ASSERT_TRUE(client.SetUp().ok());
  Recover(client, 1);
  realm.Restart();
  EXPECT_EQ(Stored(), 0U);
  EXPECT_EQ(client.Remaining(), 10U);
}

TEST_P(EngineRefill, ACrashLosesOneTryHoweverOften) {
  ASSERT_TRUE(client.SetUp(2).ok());
  for (uint32_t round = 1; round <= 3; ++round) {
    Recover(client, round);
    EXPECT_EQ(client.Remaining(), 2U);
    Crash();
    EXPECT_GE(client.Remaining(), 1U) << round;
  }
}

// What was counted before is answered again then, as the realm does not know of the success.
TEST_P(EngineRefill, ElementsOfALostRefillComeBackAndCountAsThemselves) {
  ASSERT_TRUE(client.SetUp(2).ok());
  Recover(client, 1);
  Crash();
  ASSERT_EQ(client.Remaining(), 1U);
  EXPECT_EQ(RemainingOf(client.Guess(1)), 1);
  EXPECT_EQ(RemainingOf(client.Guess(2)), 0);
  EXPECT_TRUE(IsDestroyed(client.Guess(3)));
}

TEST_P(EngineRefill, AnotherAccountsBatchTakesItAlong) {
  ASSERT_TRUE(client.SetUp().ok());
  EngineClient other{realm, "bob"};
  ASSERT_TRUE(other.SetUp().ok());
  Recover(client, 1);
  ASSERT_EQ(Stored(), 1U);
  ASSERT_EQ(RemainingOf(other.Guess(1)), 9);
  EXPECT_EQ(Stored(), 0U);
  Crash();
  EXPECT_EQ(client.Remaining(), 10U);
}

TEST_P(EngineRefill, OfTwoGuessesOrMoreIsAnchored) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_EQ(RemainingOf(client.Guess(1)), 9);
  anchors = 0;
  Recover(client, 2);
  EXPECT_EQ(anchors, 2);
  EXPECT_EQ(Stored(), 0U);
  Crash();
  EXPECT_EQ(client.Remaining(), 10U);
}

TEST_P(EngineRefill, OfALimitOfOneIsAnchored) {
  ASSERT_TRUE(client.SetUp(1).ok());
  anchors = 0;
  Recover(client, 1);
  EXPECT_EQ(anchors, 2);
  Crash();
  EXPECT_EQ(client.Remaining(), 1U);
}

TEST_P(EngineRefill, WaitsOnWhereABatchFails) {
  ASSERT_TRUE(client.SetUp().ok());
  Recover(client, 1);
  std::atomic<bool> away = true;
  realm.device().hooks.before_prepare = [&] {
    return away ? absl::UnavailableError("away") : absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsUnavailable(client.Guess(2).status()));
  EXPECT_EQ(client.View()->record.versions.at(0).spent, 0U) << "as memory has it, while the device is away";
  EXPECT_EQ(Stored(), 1U);
  away = false;
  EXPECT_TRUE(Eventually([&] { return Stored() == 0; }))
      << "the batch that asks whether it is back writes it";
  realm.Stop();
}

TEST_P(EngineRefill, OfADeletedRecordDoesNotBringItBack) {
  ASSERT_TRUE(client.SetUp().ok());
  Recover(client, 1);
  const auto deleted = Await<Ok>([&](auto done) {
    realm.engine().records().DeleteRecord(client.caller, "main",
                                          client.Sign(Operation::kDeleteRecord, RecordBody("main")), done);
  });
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_FALSE(client.View()->registered);
  realm.Restart();
  EXPECT_FALSE(client.View()->registered);
}

// Another run has claimed the anchor: what this one's memory holds is acknowledged to nobody.
TEST_P(EngineRefill, IsNotAcknowledgedByAServiceThatWasSuperseded) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto guessed = client.Guess(1);
  ASSERT_EQ(RemainingOf(guessed), 9);
  const auto other = realm.simulator().Open();
  ASSERT_TRUE(other.ok() && (*other)->freshness_anchor()->Claim().ok());
  const auto unlocked = client.Unlock(std::get<Evaluated>(*guessed).challenge);
  EXPECT_TRUE(absl::IsUnavailable(unlocked.status())) << unlocked.status();
  EXPECT_TRUE(Eventually([&] { return realm.fatal_calls() == 1; }));
}

}  // namespace
}  // namespace labrec::recovery
