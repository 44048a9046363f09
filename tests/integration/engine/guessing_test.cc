#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "pin/record_keys.h"
#include "tests/integration/engine/client.h"

// Counting, evaluating and refilling, on both kinds of device.
namespace labrec::recovery {
namespace {

class EngineGuessing : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  EngineRealm realm{GetParam()};
  EngineClient client{realm};
};
INSTANTIATE_TEST_SUITE_P(Device, EngineGuessing,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(EngineGuessing, TenGuessesThenDestroyed) {
  ASSERT_TRUE(client.SetUp().ok());
  for (uint32_t i = 1; i <= 10; ++i) EXPECT_EQ(RemainingOf(client.Guess(i)), static_cast<int>(10 - i));
  EXPECT_EQ(client.Remaining(), 0U);
  EXPECT_FALSE(client.View()->record.destroyed);
  EXPECT_TRUE(IsDestroyed(client.Guess(11)));
  EXPECT_TRUE(IsDestroyed(client.Guess(1)));
  const Record stored = *realm.StoredRecord(client.name);
  EXPECT_TRUE(stored.destroyed);
  EXPECT_TRUE(stored.versions.empty());
  realm.Restart();
  EXPECT_TRUE(IsDestroyed(client.Guess(1)));
  const auto unlocked = client.Unlock(*client.BeginUnlock());
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  EXPECT_TRUE(std::holds_alternative<Destroyed>(*unlocked));
}

TEST_P(EngineGuessing, UnlockRefillsAndReturnsSecretAndFloor) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_TRUE(client.RaiseFloor(7, 1).ok());
  for (uint32_t i = 1; i < 10; ++i) ASSERT_EQ(RemainingOf(client.Guess(i)), static_cast<int>(10 - i));
  const auto last = client.Guess(10);
  ASSERT_EQ(RemainingOf(last), 0);
  const auto unlocked = client.Unlock(std::get<Evaluated>(*last).challenge);
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  const auto& answer = std::get<Unlocked>(*unlocked);
  EXPECT_EQ(AsText(answer.sealed_secret.view()), "the client's sealed secret");
  EXPECT_EQ(answer.remaining, 10U);
  EXPECT_EQ(answer.floor->sequence, 7U);
  EXPECT_EQ(RemainingOf(client.Guess(10)), 9);  // counted anew
}

TEST_P(EngineGuessing, SameElementIsCountedOnceAlsoOverARestart) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto first = client.Guess(1);
  ASSERT_EQ(RemainingOf(first), 9);
  const auto again = client.Guess(1);
  EXPECT_EQ(RemainingOf(again), 9);
  realm.Restart();
  const auto after = client.Guess(1);
  EXPECT_EQ(RemainingOf(after), 9);
  EXPECT_EQ(std::get<Evaluated>(*first).evaluated, std::get<Evaluated>(*again).evaluated);
  EXPECT_EQ(std::get<Evaluated>(*first).evaluated, std::get<Evaluated>(*after).evaluated);
}

TEST_P(EngineGuessing, TwoHundredAtOnceYieldExactlyTenEvaluations) {
  ASSERT_TRUE(client.SetUp().ok());
  client.caller.is_operator = true;  // else each batch takes one of them
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::array<uint8_t, 33>> points;
  int destroyed = 0;
  for (uint32_t i = 1; i <= 200; ++i) {
    threads.emplace_back([&, i] {
      const auto answer = client.Guess(i);
      const std::lock_guard lock(mutex);
      ASSERT_TRUE(answer.ok()) << answer.status();
      if (const auto* evaluated = std::get_if<Evaluated>(&*answer)) {
        points.insert(evaluated->evaluated.at(0).Compressed());
      }
      destroyed += std::holds_alternative<Destroyed>(*answer) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(points.size(), 10U);
  EXPECT_EQ(destroyed, 190);
  EXPECT_EQ(realm.engine().status().guesses_counted, 10U);
}

TEST_P(EngineGuessing, EvaluationIsTheDeviceKeyTimesTheRecordsTweak) {
  ASSERT_TRUE(client.Enroll().ok());
  const auto begun = client.Begin(1, {client.Element(1), client.Element(2)});
  ASSERT_TRUE(begun.ok()) << begun.status();
  ASSERT_TRUE(client.Finish(client.RegistrationOf(1, *begun)).ok());
  const auto evaluated = client.Guess(3);
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  const RecordVersion version = realm.StoredRecord(client.name)->versions.at(0);

  realm.Stop();  // the device is the test's now
  const Bytes input = pin::RecordDerivationInput(realm.realm_id(), client.name.tenant, client.name.account,
                                                 client.name.record, version.number, version.nonce);
  const SecretBytes d = *realm.device().derivation_key()->Derive(input);
  const P256Point q_rec = realm.device().evaluation_key()->public_key().Times(pin::RecordTweak(d));
  EXPECT_EQ(begun->evaluated, (std::vector{q_rec.Times(client.Scalar(1)), q_rec.Times(client.Scalar(2))}));
  EXPECT_EQ(std::get<Evaluated>(*evaluated).evaluated, std::vector{q_rec.Times(client.Scalar(3))});
}

// The evaluation derives, and what it leaves opens the private fields; but once, and for its challenge only.
TEST_P(EngineGuessing, ARecoveryDerivesOnce) {
  ASSERT_TRUE(client.SetUp().ok());
  std::atomic<int> derivations = 0;
  realm.device().hooks.before_derive = [&] { return ++derivations, absl::OkStatus(); };
  const auto guessed = client.Guess(1);
  ASSERT_EQ(RemainingOf(guessed), 9);
  EXPECT_EQ(derivations, 1);
  const auto unlocked = client.Unlock(std::get<Evaluated>(*guessed).challenge);
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  EXPECT_EQ(AsText(std::get<Unlocked>(*unlocked).sealed_secret.view()), "the client's sealed secret");
  EXPECT_EQ(derivations, 1);
  const auto again = client.Unlock(*client.BeginUnlock());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(AsText(std::get<Unlocked>(*again).sealed_secret.view()), "the client's sealed secret");
  EXPECT_EQ(derivations, 2);
  realm.device().hooks.before_derive = nullptr;
}

// Version 1 comes again under another nonce: what was kept for the first is not tried on it.
TEST_P(EngineGuessing, ASealKeyIsNotKeptForAnotherVersionOfTheNumber) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto guessed = client.Guess(1);
  ASSERT_EQ(RemainingOf(guessed), 9);
  const auto deleted = Await<Ok>([&](auto done) {
    realm.engine().records().DeleteRecord(client.caller, "main",
                                          client.Sign(Operation::kDeleteRecord, RecordBody("main")), done);
  });
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  ASSERT_TRUE(client.Register(1).ok());
  const auto unlocked = client.Unlock(std::get<Evaluated>(*guessed).challenge);
  ASSERT_TRUE(unlocked.ok()) << unlocked.status();
  EXPECT_EQ(AsText(std::get<Unlocked>(*unlocked).sealed_secret.view()), "the client's sealed secret");
}

TEST_P(EngineGuessing, UnknownRecordsAndVersions) {
  EXPECT_TRUE(std::holds_alternative<NotRegistered>(*client.Guess(1)));
  EXPECT_FALSE(client.View()->registered);
  ASSERT_TRUE(client.SetUp().ok());
  EXPECT_EQ(client.Evaluate(client.Element(1), 2).status().code(), absl::StatusCode::kNotFound);
  client.name.record = "no such/name";
  EXPECT_EQ(client.Guess(1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(realm.engine().status().guesses_counted, 0U);
}

TEST_P(EngineGuessing, ViewsShowNoKeyMaterial) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_EQ(RemainingOf(client.Guess(1)), 9);
  const RecordView view = *client.View();
  ASSERT_EQ(view.record.versions.size(), 1U);
  EXPECT_EQ(view.record.versions[0].nonce, (std::array<uint8_t, 32>{}));
  EXPECT_TRUE(view.record.versions[0].sealed_private.empty());
  EXPECT_EQ(view.record.Find(1)->left(), 9U);
  const Record stored = *realm.StoredRecord(client.name);
  EXPECT_EQ(AsText(stored.versions[0].sealed_private).find("sealed secret"), std::string_view::npos);
}

}  // namespace
}  // namespace labrec::recovery
