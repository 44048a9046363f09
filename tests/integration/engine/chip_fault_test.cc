// A chip that goes away, or whose answers are lost, while it makes and deletes indices: none is left behind,
// none is deleted that is somebody else's by now, and no restart is needed for it. On a real swtpm.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/engine/chip_client.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;
using testing::SizeIs;

class EngineChipFault : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(alice.Enroll().ok() && bob.Enroll().ok()); }
  // The next call fails like this; those after it do not.
  test::FaultyDevice::Hook Once(absl::Status status) {
    auto left = std::make_shared<std::atomic<int>>(1);
    return [left, status] { return left->fetch_sub(1) > 0 ? status : absl::OkStatus(); };
  }
  test::FaultyDevice::Hook OnceAway() { return Once(absl::UnavailableError("away, says the test")); }
  // What a client does that is told to try again.
  template <typename Call>
  bool UntilOk(Call call) {
    return Eventually([&] { return call().ok(); });
  }
  absl::Status Delete(ChipClient& client) {
    const RawSignature signature = client.Sign(Operation::kDeleteRecord, RecordBody(client.name.record));
    return Await<Ok>([&](auto done) {
             realm.engine().records().DeleteRecord(client.caller, client.name.record, signature, done);
           })
        .status();
  }
  bool InTheChipAre(size_t count) {
    return Eventually([&] { return alice.IndicesInTheChip().size() == count; });
  }

  EngineRealm realm{test::SimulatorKind::kSwtpm};
  ChipClient alice{realm};
  ChipClient bob{realm, "bob"};
};

TEST_F(EngineChipFault, AnIndexWhoseMakingIsNotAnsweredIsDeleted) {
  ASSERT_TRUE(bob.RegisterInChip(1, kChipLimit).ok());
  realm.device().hooks.after_define = OnceAway();
  EXPECT_EQ(alice.BeginInChip(1, kChipLimit).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(InTheChipAre(1)) << "bob's: the lost one went when the chip was back";
  ASSERT_TRUE(UntilOk([&] { return alice.RegisterInChip(1, kChipLimit); }));
  EXPECT_TRUE(InTheChipAre(2));
  EXPECT_EQ(bob.InTheChip(1), (hsm::UseCount{0, kChipLimit}));
}

TEST_F(EngineChipFault, OfAnErrorThatIsNotAnAbsenceToo) {
  realm.device().hooks.after_define = Once(absl::DataLossError("altered, says the test"));
  EXPECT_EQ(alice.BeginInChip(1, kChipLimit).status().code(), StatusCode::kDataLoss);
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  EXPECT_THAT(alice.IndicesInTheChip(), SizeIs(1));
}

TEST_F(EngineChipFault, AnIndexThatCouldNotBeDeletedIsDeletedLater) {
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  realm.device().hooks.before_delete = OnceAway();
  ASSERT_TRUE(UntilOk([&] { return Delete(alice); }));
  EXPECT_TRUE(InTheChipAre(0)) << "without a restart";
}

TEST_F(EngineChipFault, ADeletionWhoseAnswerIsLostHarmsNobodyElse) {
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  const uint32_t handle = alice.KeyOf(1).index;
  realm.device().hooks.after_delete = OnceAway();
  ASSERT_TRUE(Delete(alice).ok());
  ASSERT_TRUE(UntilOk([&] { return bob.RegisterInChip(1, kChipLimit); }));
  EXPECT_EQ(bob.KeyOf(1).index, handle) << "the handle is bob's by now";
  ASSERT_TRUE(UntilOk([&] { return bob.Activate(1).status(); }));
  EXPECT_EQ(RemainingOf(bob.Guess(1)), static_cast<int>(kChipLimit) - 1);
  EXPECT_EQ(bob.InTheChip(1), (hsm::UseCount{1, kChipLimit}));
}

// The client is told that its version was not begun, and its index goes; then the row turns out to be
// anchored all the same. Whoever gets the handle next keeps it.
TEST_F(EngineChipFault, ARowThatWasAnchoredAfterAllDoesNotTakeAnothersIndex) {
  realm.device().hooks.after_commit = OnceAway();
  EXPECT_EQ(alice.BeginInChip(1, kChipLimit).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(Eventually([&] { return alice.View().ok(); })) << "the realm serves again";
  EXPECT_TRUE(InTheChipAre(0));
  ASSERT_TRUE(UntilOk([&] { return bob.RegisterInChip(1, kChipLimit); }));
  ASSERT_TRUE(UntilOk([&] { return bob.Activate(1).status(); }));
  const std::optional<Record> stored = realm.StoredRecord(alice.name);
  ASSERT_TRUE(stored && stored->Find(1) != nullptr) << "the row was anchored";
  EXPECT_EQ(stored->Find(1)->chip->index, bob.KeyOf(1).index) << "both rows name the handle";

  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());  // erases what was begun
  EXPECT_TRUE(InTheChipAre(2)) << "bob's is there";
  EXPECT_EQ(RemainingOf(bob.Guess(1)), static_cast<int>(kChipLimit) - 1);
}

TEST_F(EngineChipFault, AfterAStartTheHandleIsStillTheOthers) {
  realm.device().hooks.after_commit = OnceAway();
  EXPECT_EQ(alice.BeginInChip(1, kChipLimit).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(InTheChipAre(0));
  ASSERT_TRUE(UntilOk([&] { return bob.RegisterInChip(1, kChipLimit); }));
  ASSERT_TRUE(UntilOk([&] { return bob.Activate(1).status(); }));
  realm.Restart();
  EXPECT_EQ(RemainingOf(bob.Guess(1)), static_cast<int>(kChipLimit) - 1);
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  EXPECT_TRUE(InTheChipAre(2));
  EXPECT_EQ(bob.InTheChip(1), (hsm::UseCount{1, kChipLimit}));
}

TEST_F(EngineChipFault, TheRoomIsLookedAtAgainWhenTheChipIsBack) {
  realm.device().hooks.before_capacity = OnceAway();
  ASSERT_TRUE(alice.BeginInChip(1, kChipLimit).ok());
  EXPECT_TRUE(Eventually([&] { return realm.engine().status().chip->used == 1; }));
}

// The older version's index has to go when its erasure is anchored at the second attempt.
TEST_F(EngineChipFault, AnErasureThatIsAnchoredLaterDeletesItsIndex) {
  ASSERT_TRUE(alice.RegisterInChip(1, kChipLimit).ok());
  realm.device().hooks.after_commit = OnceAway();
  EXPECT_EQ(Delete(alice).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(InTheChipAre(0));
}

}  // namespace
}  // namespace labrec::recovery
