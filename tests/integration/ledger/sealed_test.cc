#include <atomic>
#include <thread>

#include "hsm/base/status_macros.h"
#include "recovery/ledger/copy.h"
#include "recovery/ledger/verify.h"
#include "tests/integration/ledger/sealed_fixture.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Devices, SealedTest, testing::ValuesIn(kSealed),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(SealedTest, ARotationKeepsEveryRowAndCostsTwoEpochs) {
  Create();
  FillKnown();
  const uint64_t before = running_.ledger->epoch();
  const uint64_t writes = keys().writes();
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  EXPECT_EQ(running_.ledger->epoch(), before + 2);
  EXPECT_LE(keys().writes() - writes, 3U) << "one made, one destroyed; a TPM defines, writes and undefines";
  EXPECT_EQ(store().ring().ids().size(), 1U);
  EXPECT_EQ(store().ring().current()->number, 2U);
  ExpectRows();
  Set(1, 77, "after the rotation");
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok());
  EXPECT_EQ(store().ring().ids().size(), 2U);
  Stop();
  ASSERT_TRUE(Open().ok());
  ExpectRows();
  const auto content = VerifyContent(*running_.store, kRealm, nullptr);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_TRUE(content->intact());
}

// The issue's own: an old dump, the device, and a record that was erased since.
TEST_P(SealedTest, WhatWasErasedIsLostInAnOldCopyOnceTheKeyIsDestroyed) {
  Create();
  FillKnown();
  Set(2, 99, "erase me");
  const Image dump = Copy();
  Erase(2, 99);
  auto old = ReadOldCopy(dump, 2, 99);
  ASSERT_TRUE(old.ok() && old->has_value()) << old.status();
  EXPECT_EQ(AsText(**old), "erase me") << "without a rotation it is there";
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok());
  old = ReadOldCopy(dump, 2, 99);
  ASSERT_TRUE(old.ok() && old->has_value()) << "the earlier key stays until the next rotation";
  EXPECT_EQ(AsText(**old), "erase me");
  const Image between = Copy();
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok());
  old = ReadOldCopy(dump, 2, 99);
  EXPECT_TRUE(absl::IsDataLoss(old.status())) << old.status();
  EXPECT_THAT(old.status().ToString(), HasSubstr("period key 1"));
  const auto kept = ReadOldCopy(between, 1, 11);
  ASSERT_TRUE(kept.ok() && kept->has_value()) << "a backup of the last period can be read: " << kept.status();
  EXPECT_NE(AsText((*ReadOldCopy(between, 2, 99)).value_or(Bytes())), "erase me");
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  EXPECT_TRUE(absl::IsDataLoss(ReadOldCopy(between, 1, 11).status()));
  ExpectRows();
}

TEST_P(SealedTest, NothingOfARowLiesOpen) {
  Create();
  Set(2, 99, "a canary that is long enough to be no accident");
  const Image image = Copy();
  const std::filesystem::path copy = folder_.path() / "raw.db";
  RestoreAt(image, copy);
  const auto raw = storage_->Open(copy);
  ASSERT_TRUE(raw.ok()) << raw.status();
  const auto row = (*raw)->ReadRow({2, KeyOf(99)});
  ASSERT_TRUE(row.ok() && row->has_value());
  EXPECT_EQ(AsText(**row).find("canary"), std::string_view::npos);
  const auto directory = (*raw)->ReadDirectory(2);
  ASSERT_TRUE(directory.ok());
  const Digest hash = Sha256(AsBytes(rows_.at({2, 99})));
  EXPECT_EQ(AsText(*directory).find(AsText(hash)), std::string_view::npos);
}

// A copy of just before the rotation is as fresh as the original: nothing was committed since. The batch that
// is anchored before a key is destroyed makes it stale.
TEST_P(SealedTest, ACopyFromBeforeARotationIsRefusedAsRolledBack) {
  Create();
  FillKnown();
  const Image before = Copy();
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  Stop();
  const Image after = Copy();
  Restore(before);
  EXPECT_THAT(Open().ToString(), HasSubstr("rolled back by 2 epochs"));
  Restore(after);
  ASSERT_TRUE(Open().ok());
  ExpectRows();
}

// No key is destroyed where no batch can be anchored, as by a process that was superseded.
TEST_P(SealedTest, WhoLostTheAnchorDestroysNoKey) {
  Create();
  FillKnown();
  const auto before = store().ring().ids();
  KeyRotation rotation(store(), [] { return absl::DataLossError("another process claimed the anchor"); });
  EXPECT_TRUE(absl::IsDataLoss(rotation.Run(EarlierKey::kDestroyed, 1, [](auto) { return true; })));
  EXPECT_EQ(*keys().List(), before);
}

// A key that a process made which took the realm over is greater, and is left alone.
TEST_P(SealedTest, OnlyEarlierKeysAreDestroyed) {
  Create();
  FillKnown();
  PeriodRing late(keys());
  ASSERT_TRUE(late.Load().ok());
  ASSERT_TRUE(Rotate(EarlierKey::kStays).ok());
  ASSERT_TRUE(late.DestroyEarlier().ok());
  EXPECT_EQ(keys().List()->size(), 2U);
  ExpectRows();
}

TEST_P(SealedTest, ALedgerThatLayOpenIsSealedByItsFirstKey) {
  {
    const auto device = device_->Open();
    ASSERT_TRUE(device.ok()) << device.status();
    const auto ids = (*device)->period_keys()->List();
    ASSERT_TRUE(ids.ok()) << ids.status();
    ASSERT_TRUE((*device)->period_keys()->Destroy(ids->front()).ok());
  }
  Create();
  FillKnown();
  EXPECT_FALSE(store().ring().current());
  EXPECT_FALSE(*HoldsSealed(*running_.store));
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  ExpectRows();
  Stop();
  {
    const auto raw = storage_->Open(path());
    ASSERT_TRUE(raw.ok()) << raw.status();
    EXPECT_TRUE(*HoldsSealed(**raw));
    const auto row = (*raw)->ReadRow({1, KeyOf(11)});
    ASSERT_TRUE(row.ok() && row->has_value());
    EXPECT_NE(AsText(**row), "row 11");
  }
  ASSERT_TRUE(Open().ok());
  ExpectRows();
}

TEST_P(SealedTest, CommitsGoOnWhileEverythingIsSealedAnew) {
  Create(6);
  FillKnown();
  std::atomic<bool> over = false;
  std::vector<std::string> failures;
  std::thread rotator([&] {
    for (int round = 0; round < 3; ++round) {
      // Batches are the commit thread's; the rotation's own come between them.
      if (const absl::Status made = store().ring().MakeNext(round); !made.ok()) {
        failures.push_back(made.ToString());
      }
      const absl::Status done = store().Reseal([](SealedStore::Progress) { return true; });
      if (!done.ok()) failures.push_back(done.ToString());
    }
    over = true;
  });
  for (uint32_t n = 0; !over || n < 20; ++n) {
    Set(n % 64, 1000 + n % 90, "written meanwhile, " + std::to_string(n));
    if (n % 3 == 2) Erase(n % 64, 1000 + n % 90);
  }
  rotator.join();
  EXPECT_THAT(failures, testing::IsEmpty());
  ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok());
  ExpectRows();
  Stop();
  ASSERT_TRUE(Open().ok());
  ExpectRows();
}

TEST_P(SealedTest, ACopyIsSealedUnderKeysOfItsOwn) {
  Create();
  FillKnown();
  const std::filesystem::path other = folder_.path() / "other.db";
  auto target = OpenStore(other, *running_.device, test::Storage::Ledger::kNew);
  ASSERT_TRUE(target.ok()) << target.status();
  ASSERT_TRUE(CopyLedger(store(), **target, kRealm, nullptr).ok());
  const auto content = VerifyContent(**target, kRealm, nullptr);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_TRUE(content->intact());
  EXPECT_EQ((*(*target)->ReadHead())->epoch, running_.ledger->epoch());
  target->reset();
  Stop();
  ASSERT_TRUE(OpenAt(other, running_).ok());
  ExpectRows();
}

}  // namespace
}  // namespace labrec::recovery
