#include "absl/strings/str_cat.h"

#include "tests/integration/ledger/support.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

TEST_P(LedgerTest, APersistedBatchIsRolledForward) {
  Create();
  Fill();
  const uint64_t epoch = running_.ledger->epoch();
  auto batch = running_.ledger->Stage({Put(1, 50, Bytes(9, 9))});
  ASSERT_TRUE(batch.ok());
  const Image before = Copy();
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  Stop();
  ASSERT_TRUE(Open().ok());
  EXPECT_TRUE(running_.report.rolled_forward);
  EXPECT_EQ(running_.ledger->epoch(), epoch + 2) << "the batch and the fence";
  EXPECT_EQ(*Read(1, 50), Bytes(9, 9));
  Stop();
  Restore(before);
  EXPECT_THAT(Open().ToString(), HasSubstr("rolled back by 2 epochs"));
}

// docs/ledger.md: crash after the durable write, hide that state, serve another batch, bring the hidden one
// back.
TEST_P(LedgerTest, AHiddenStateNeverComesBack) {
  Create();
  Fill();
  const Image before = Copy();
  auto batch = running_.ledger->Stage({Put(1, 50, Bytes(9, 9))});
  ASSERT_TRUE(batch.ok());
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  const Image hidden = Copy();
  Stop();

  Restore(before);
  ASSERT_TRUE(Open().ok()) << "nothing of the hidden batch was answered, so the state before is as good";
  EXPECT_FALSE(running_.report.rolled_forward);
  EXPECT_EQ(*Read(1, 50), std::nullopt);
  ASSERT_TRUE(Commit({Put(2, 60, Bytes(8, 8))}).ok());
  const Image served = Copy();
  Stop();

  Restore(hidden);
  const absl::Status refused = Open();
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  Restore(served);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(*Read(2, 60), Bytes(8, 8));
}

// The same with several hidden ones, of one epoch each run, and none of them ever answered.
TEST_P(LedgerTest, OfManyHiddenStatesNoneComesBackOnceABatchWasAnswered) {
  Create();
  Fill();
  std::vector<Image> hidden;
  for (uint8_t i = 0; i < 4; ++i) {
    const Image before = Copy();
    auto batch = running_.ledger->Stage({Put(1, 50, Bytes(9, i))});
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
    hidden.push_back(Copy());
    Stop();
    Restore(before);
    ASSERT_TRUE(Open().ok());
  }
  ASSERT_TRUE(Commit({Put(2, 60, Bytes(8, 8))}).ok());
  const Image served = Copy();
  Stop();
  for (const Image& image : hidden) {
    Restore(image);
    EXPECT_TRUE(absl::IsDataLoss(Open()));
  }
  Restore(served);
  EXPECT_TRUE(Open().ok());
}

TEST_P(LedgerTest, StorageOfAnotherRealmOrDeviceIsRefused) {
  Create();
  Fill();
  Stop();
  Running running;
  const absl::Status realm = OpenAt(path(), running, ToBytes("another-realm-id"));
  EXPECT_TRUE(absl::IsFailedPrecondition(realm)) << realm;
  EXPECT_THAT(realm.ToString(), HasSubstr("belongs to realm"));

  const auto empty = folder_.path() / "empty.db";
  ASSERT_TRUE(storage_->Open(empty, test::Storage::Ledger::kNew).ok());
  const absl::Status none = OpenAt(empty, running);
  EXPECT_TRUE(absl::IsFailedPrecondition(none));
  EXPECT_THAT(none.ToString(), HasSubstr("holds no ledger"));

  device_->Replace();
  device_->Provision();
  const absl::Status device = OpenAt(path(), running);
  EXPECT_TRUE(absl::IsDataLoss(device)) << device;
}

// A state that this device never prepared cannot be made one ahead, nor further.
TEST_P(LedgerTest, EpochsBeyondTheDeviceAreRefused) {
  Create();
  Fill();
  const uint64_t epoch = running_.ledger->epoch();
  Stop();
  const Image image = Copy();
  for (const uint64_t claimed : {epoch + 1, epoch + 2, epoch + 1000}) {
    Restore(image);
    Meddle(path(), absl::StrCat("UPDATE head SET epoch=", claimed));
    EXPECT_TRUE(absl::IsDataLoss(Open())) << claimed;
  }
  Restore(image);
  Meddle(path(), "UPDATE head SET epoch=-1");
  EXPECT_TRUE(absl::IsDataLoss(Open()));
}

}  // namespace
}  // namespace labrec::recovery
