#include "recovery/record/rules/erasure.h"

#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

struct Revoking : Registered {
  DeviceId Id() const { return device.public_key().DeviceId(); }
  std::optional<Record> Forgotten() const { return ForgetDevice(*record, Id()); }
  // A record whose only version is pending.
  void OnlyPending() {
    record.reset();
    Register(1);
  }
};

TEST(ForgetDevice, TakesWhatTheDeviceRegisteredAndNobodyActivated) {
  Revoking known;
  const Record active = *known.record;
  known.Register(2);
  Record expected = active;
  expected.highest_version = 2;
  EXPECT_EQ(known.Forgotten(), expected) << "and leaves the active one, which the same device registered";
}

TEST(ForgetDevice, LeavesWhatOthersRegistered) {
  Revoking known;
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, known.unlock.public_key(), AsUnlockKey(known.unlock, 1))));
  EXPECT_EQ(known.Forgotten(), known.record) << "by the active version's key";
  known.record->Find(2)->registered_by = DeviceId{1};
  EXPECT_EQ(known.Forgotten(), known.record) << "by another device";
}

TEST(ForgetDevice, TakesPendingVersionsOfWhichNobodyKnowsTheRegistrar) {
  Revoking known;
  known.record->Find(1)->registered_by = kUnknownRegistrar;
  known.Register(2);
  known.record->Find(2)->registered_by = kUnknownRegistrar;
  const std::optional<Record> left = known.Forgotten();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->Find(2), nullptr);
  EXPECT_NE(left->Find(1), nullptr);
}

TEST(ForgetDevice, ARecordOfWhichNothingIsLeftGoes) {
  Revoking known;
  known.OnlyPending();
  EXPECT_EQ(known.Forgotten(), std::nullopt);
}

TEST(ForgetDevice, OneWithAFloorStaysAsADestroyedOne) {
  Revoking known;
  known.OnlyPending();
  known.record->floor = EpochFloor{5, {}, known.device.public_key(), {}, {}};
  const std::optional<Record> left = known.Forgotten();
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, Tombstone(*known.record));
  EXPECT_TRUE(left->destroyed);
  EXPECT_EQ(*DecodeRecord(EncodeRecord(*left)), *left);
}

TEST(ForgetDevice, ADestroyedRecordStays) {
  Revoking known;
  known.record = Tombstone(*known.record);
  EXPECT_EQ(known.Forgotten(), known.record);
}

}  // namespace
}  // namespace labrec::recovery
