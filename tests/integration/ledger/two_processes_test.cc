#include "tests/integration/ledger/support.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

class TwoLedgersTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    Create();
    Fill();
  }

  // Starts a second one on a copy of the database as it is now.
  absl::Status OpenCopy() {
    RestoreAt(Copy(), copy_path());
    return OpenAt(copy_path(), second_);
  }
  std::filesystem::path copy_path() const { return folder_.path() / "copy.db"; }

  Running second_;
};
INSTANTIATE_TEST_SUITE_P(Devices, TwoLedgersTest, testing::ValuesIn(kOnBothEngines),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(TwoLedgersTest, ASecondOneOnACopyFencesTheFirstOff) {
  ASSERT_TRUE(OpenCopy().ok());
  const absl::Status refused = Commit({Put(1, 1, Bytes(1))});
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.ToString(), HasSubstr("the ledger has stopped"));
  EXPECT_FALSE(Commit({}).ok()) << "and it stays so";
  EXPECT_TRUE(Commit(*second_.ledger, {Put(1, 1, Bytes(1))}).ok());
}

// A stale copy, or an old host that boots: it is refused, and harms nobody.
TEST_P(TwoLedgersTest, AStaleCopyIsRefusedAndLeavesTheFirstOneAlone) {
  RestoreAt(Copy(), copy_path());
  ASSERT_TRUE(Commit({Put(1, 1, Bytes(1))}).ok());
  const absl::Status refused = OpenAt(copy_path(), second_);
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(refused.ToString(), HasSubstr("rolled back by 1 epoch"));
  EXPECT_TRUE(running_.ledger->CheckClaim().ok());
  EXPECT_TRUE(Commit({Put(1, 2, Bytes(1))}).ok());
}

// What needs no batch of its own is not answered either once a second one has taken over.
TEST_P(TwoLedgersTest, ASupersededOneFindsItsClaimGone) {
  EXPECT_TRUE(running_.ledger->CheckClaim().ok());
  ASSERT_TRUE(OpenCopy().ok());
  EXPECT_TRUE(absl::IsDataLoss(running_.ledger->CheckClaim()));
  EXPECT_TRUE(running_.ledger->stopped());
  EXPECT_TRUE(second_.ledger->CheckClaim().ok());
}

// Whatever the first one has under way when the second starts, it is not answered.
TEST_P(TwoLedgersTest, ABatchUnderWayIsNotAnswered) {
  auto batch = running_.ledger->Stage({Put(1, 1, Bytes(1))});
  ASSERT_TRUE(batch.ok());
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  RestoreAt(Copy(), copy_path());
  ASSERT_TRUE(OpenAt(copy_path(), second_).ok());
  EXPECT_TRUE(second_.report.rolled_forward);
  EXPECT_FALSE(running_.ledger->Anchor(**batch).ok());
}

// The attack of hsm/freshness_anchor.h: both prepare a state of their own for one epoch, and the device ends
// at that very epoch.
TEST_P(TwoLedgersTest, OfTwoStatesOfOneEpochTheFirstOnesIsNotAnswered) {
  auto batch = running_.ledger->Stage({Put(1, 1, Bytes(1))});
  ASSERT_TRUE(batch.ok());
  const Image before = Copy();
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  RestoreAt(before, copy_path());
  ASSERT_TRUE(OpenAt(copy_path(), second_).ok());
  EXPECT_EQ(second_.ledger->epoch(), (*batch)->epoch() + 1);
  const absl::Status anchored = running_.ledger->Anchor(**batch);
  EXPECT_TRUE(absl::IsDataLoss(anchored)) << anchored;
  EXPECT_TRUE(Commit(*second_.ledger, {Put(1, 2, Bytes(2))}).ok());
}

// The other way round: the second one's fence is written, then the first one commits its batch of that epoch.
TEST_P(TwoLedgersTest, TheFirstOneDoesNotOvertakeTheFence) {
  RestoreAt(Copy(), copy_path());
  auto store = storage_->Open(copy_path());
  auto device = device_->Open();
  ASSERT_TRUE(store.ok() && device.ok());
  HookedAnchor anchor(*(*device)->freshness_anchor());
  bool answered = false;
  anchor.before_commit = [&] { answered = Commit({Put(1, 1, Bytes(1))}).ok(); };
  const auto second = Ledger::Open(**store, anchor, kRealm);
  EXPECT_FALSE(answered);
  ASSERT_TRUE(second.ok()) << second.status();
}

// The second one is between its look at the device and its evidence when the first one commits.
TEST_P(TwoLedgersTest, NorTheSecondOnesFirstLook) {
  RestoreAt(Copy(), copy_path());
  auto store = storage_->Open(copy_path());
  auto device = device_->Open();
  ASSERT_TRUE(store.ok() && device.ok());
  HookedAnchor anchor(*(*device)->freshness_anchor());
  bool answered = false;
  anchor.before_prepare = [&] { answered = Commit({Put(1, 1, Bytes(1))}).ok(); };
  const auto second = Ledger::Open(**store, anchor, kRealm);
  EXPECT_FALSE(answered);
}

// The one that lost keeps a state of an epoch that the device reached; it must not pass for fresh once the
// winner has answered.
TEST_P(TwoLedgersTest, TheLosersStateIsStaleOnceTheWinnerAnswered) {
  auto batch = running_.ledger->Stage({Put(1, 1, Bytes(1))});
  ASSERT_TRUE(batch.ok());
  const Image before = Copy();
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  const Image losers = Copy();
  RestoreAt(before, copy_path());
  ASSERT_TRUE(OpenAt(copy_path(), second_).ok());
  ASSERT_FALSE(running_.ledger->Anchor(**batch).ok());
  ASSERT_TRUE(Commit(*second_.ledger, {Put(1, 2, Bytes(2))}).ok());
  Stop();
  Restore(losers);
  EXPECT_TRUE(absl::IsDataLoss(Open()));
}

}  // namespace
}  // namespace labrec::recovery
