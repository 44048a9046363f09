// Calls that the chip answers take their turn in the queue, and its write sessions go to whom they are due:
// on a real swtpm.
#include <future>

#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"
#include "tests/integration/engine/chip_client.h"
#include "tests/support/device/gate.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;
using test::SimulatorKind;

constexpr uint32_t kQueueLimit = 10;
constexpr int kMany = 120;
constexpr int kPlaces = 32;  // of an account, EngineOptions

class EngineChipQueue : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status made = mallory.SetUpInChip(kQueueLimit);
    ASSERT_TRUE(made.ok()) << made;
    ASSERT_TRUE(alice.SetUpInChip(kQueueLimit).ok());
  }
  template <typename T>
  Done<T> Count() {
    return [this](const absl::StatusOr<T>& answer) {
      ++answered_;
      if (RefusalOf(answer.status()) != refusal::kAccountQueue) return;
      ++refused_;
      EXPECT_TRUE(answer.status().GetPayload(kRetryAfter)) << "else no client comes back";
    };
  }
  // The commit thread is held while mallory sends all that she likes; then alice guesses. How many of
  // mallory's calls the chip answered before alice's.
  template <typename Send>
  int AnsweredBeforeAlice(Send send) {
    realm.device().hooks.before_commit = gate.hook();
    realm.engine().guessing().Evaluate(mallory.caller, "main", 1, mallory.Element(1), [](const auto&) {});
    gate.AwaitArrival();
    for (int i = 0; i < kMany; ++i) send();
    std::promise<int> before;
    realm.engine().guessing().Evaluate(alice.caller, "main", 1, alice.Element(1), [&](const auto& answer) {
      EXPECT_TRUE(answer.ok()) << answer.status();
      before.set_value(answered_ - refused_);
    });
    gate.Open();
    const int count = before.get_future().get();
    EXPECT_TRUE(Eventually([&] { return answered_ == kMany; }));
    return count;
  }

  std::atomic<int> made_ = 0;
  test::Gate gate;  // outlives the realm, which keeps its hook
  EngineRealm realm{SimulatorKind::kSwtpm};
  ChipClient mallory{realm, "mallory"};
  ChipClient alice{realm, "alice"};
  std::atomic<int> answered_ = 0, refused_ = 0;
};

TEST_F(EngineChipQueue, ConfirmationsOfOneAccountWaitBehindEachOther) {
  const auto begun = mallory.BeginInChip(2, kQueueLimit);
  ASSERT_TRUE(begun.ok()) << begun.status();
  const auto send = [&] {
    realm.engine().chip_records().ConfirmKey(mallory.caller, "main", 2, begun->registration_id,
                                             {mallory.Element(7), mallory.Element(8)},
                                             Count<std::vector<P256Point>>());
  };
  EXPECT_LE(AnsweredBeforeAlice(send), 3);
  EXPECT_EQ(refused_, kMany - kPlaces);
}

TEST_F(EngineChipQueue, WritesOfOneAccountWaitBehindEachOther) {
  const auto send = [&] {
    realm.engine().chip_records().BeginChipWrite(mallory.caller, "main", 1, {}, Count<ChipWriteBegun>());
  };
  EXPECT_LE(AnsweredBeforeAlice(send), 3);
  EXPECT_EQ(refused_, kMany - kPlaces);
}

TEST_F(EngineChipQueue, BeginningsOfOneAccountWaitBehindEachOther) {
  realm.device().hooks.before_define = [&] { return ++made_, absl::OkStatus(); };
  int before_alice = 0;
  const auto send = [&] { mallory.SendBegin(2, kQueueLimit, Count<ChipRegistrationBegun>()); };
  realm.device().hooks.before_commit = gate.hook();
  realm.engine().guessing().Evaluate(mallory.caller, "main", 1, mallory.Element(1), [](const auto&) {});
  gate.AwaitArrival();
  for (int i = 0; i < kPlaces; ++i) send();
  std::promise<void> done;
  realm.engine().guessing().Evaluate(alice.caller, "main", 1, alice.Element(1), [&](const auto& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    before_alice = made_;
    done.set_value();
  });
  gate.Open();
  done.get_future().wait();
  EXPECT_LE(before_alice, 3);
  EXPECT_TRUE(Eventually([&] { return answered_ == kPlaces; }));
}

class ChipSessionsOf : public testing::Test {
 protected:
  static int PauseOf(const absl::Status& refused) {
    const auto pause = refused.GetPayload(kRetryAfter);
    return pause ? std::stoi(std::string(*pause)) : -1;
  }
  void BobWaitsUntilAliceHasWritten(EngineRealm& realm, size_t others) {
    ChipClient alice(realm, "alice"), bob(realm, "bob");
    ASSERT_TRUE(alice.SetUpInChip(kQueueLimit).ok());
    ASSERT_TRUE(bob.SetUpInChip(kQueueLimit).ok());
    const auto session = alice.BeginWrite(1);
    ASSERT_TRUE(session.ok()) << session.status();
    for (size_t i = 0; i < others; ++i) ASSERT_TRUE(alice.keys().BeginWrite().ok());
    const absl::Status refused = bob.BeginWrite(1).status();
    EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted) << refused;
    EXPECT_EQ(RefusalOf(refused), refusal::kChipWrites);
    EXPECT_GT(PauseOf(refused), 0);
    EXPECT_LE(PauseOf(refused), 8000);
    EXPECT_EQ(alice.BeginWrite(1)->id, session->id) << "hers is open all the same";
    const auto written = alice.FinishWrite(1, *session, kQueueLimit);
    EXPECT_TRUE(written.ok()) << written.status();
    EXPECT_TRUE(bob.Write(1, kQueueLimit).ok()) << "there is room now";
  }
};

TEST_F(ChipSessionsOf, ATpmOfOursEndForNobodyWhileTheyAreYoung) {
  EngineRealm realm(SimulatorKind::kSwtpm);
  BobWaitsUntilAliceHasWritten(realm, 15);
}

TEST_F(ChipSessionsOf, AResourceManagerEndForNobodyWhileTheyAreYoung) {
  EngineRealm realm(SimulatorKind::kSwtpm, {},
                    [](test::SimulatedDevice& simulator) { simulator.ClaimResourceManager(); });
  BobWaitsUntilAliceHasWritten(realm, 0);
}

}  // namespace
}  // namespace labrec::recovery
