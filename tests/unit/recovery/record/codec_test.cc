#include "recovery/record/codec/codec.h"

#include <gtest/gtest.h>

#include "recovery/record/codec/row_frame.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

// All three stages, a floor, counted guesses, both kinds of registrar.
Record FullRecord() {
  Registered known;
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, known.unlock.public_key(), AsUnlockKey(known.unlock, 1))));
  known.Take(ApplyBegin(
      known.account, known.record, kName,
      {3, NonceOf(3),
       BegunChip{0x01810000, ToBytes("key blob"), known.unlock.public_key(), 3, AsDevice(known.device)}}));
  known.Guess(1, 1, 1234);
  known.Guess(2, 2, 1'700'000'000'123);
  known.record->floor = EpochFloor{9, Sha256("digest"), known.device.public_key(), {1}, {2}};
  return *known.record;
}

Account FullAccount() {
  const Registered known;
  Account account = *known.account;
  const EcdsaPublicKey key = EcdsaPrivateKey::Generate().public_key();
  account.devices.push_back({key.DeviceId(), key, "Zo\xC3\xAB's laptop", -5, EnrolledBy::kRecovery});
  account.records = {"archive", "main"};
  return account;
}

template <typename Value, typename Decode>
void ExpectEveryDamageIsFound(const Bytes& row, const Value& value, Decode decode) {
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(decode(ByteView(row).first(size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  for (const size_t extra : {size_t{1}, kRowSizeStep, kFirstRowSizeStep}) {
    Bytes longer = row;
    longer.resize(row.size() + extra);
    EXPECT_EQ(decode(longer).status().code(), absl::StatusCode::kDataLoss) << extra;
  }
  for (size_t bit = 0; bit < 8 * row.size(); ++bit) {
    Bytes flipped = row;
    flipped[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    const auto decoded = decode(flipped);  // content may change; then it is another value, never the same
    // An earlier format's row of the same size says the same.
    if (decoded.ok() && flipped[0] == row[0]) {
      EXPECT_NE(*decoded, value) << bit;
    }
  }
}

TEST(Codec, RecordRoundTrips) {
  const Record record = FullRecord();
  const auto decoded = DecodeRecord(EncodeRecord(record));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, record);
}

TEST(Codec, AccountRoundTrips) {
  const Account account = FullAccount();
  const auto decoded = DecodeAccount(EncodeAccount(account));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, account);
}

TEST(Codec, TombstoneRoundTrips) {
  Registered known(1);
  known.Guess(1, 1);
  known.Guess(1, 2);
  EXPECT_EQ(*DecodeRecord(EncodeRecord(*known.record)), *known.record);
}

TEST(Codec, EveryDamageToARecordIsFound) {
  const Record record = FullRecord();
  ExpectEveryDamageIsFound(EncodeRecord(record), record, DecodeRecord);
}

TEST(Codec, EveryDamageToAnAccountIsFound) {
  const Account account = FullAccount();
  ExpectEveryDamageIsFound(EncodeAccount(account), account, DecodeAccount);
}

TEST(Codec, KindsAreNotConfused) {
  EXPECT_EQ(DecodeRecord(EncodeAccount(FullAccount())).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeAccount(EncodeRecord(FullRecord())).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Codec, FailuresAndSuccessesHaveOneSize) {
  for (size_t config_bytes = 1; config_bytes < 1100; config_bytes += 31) {  // past every size step
    Registered known(20);
    known.record->versions[0].config.resize(config_bytes);
    const size_t fresh = EncodeRecord(*known.record).size();
    EXPECT_EQ(fresh % kRowSizeStep, 0U);
    for (uint32_t i = 1; i <= 20; ++i) {
      known.Guess(1, i, 1'900'000'000'000);
      EXPECT_EQ(EncodeRecord(*known.record).size(), fresh);
    }
  }
}

// The most that two versions can have counted: a success with one leaves the other's elements.
TEST(Codec, RowsHaveRoomForTheElementsOfEveryVersion) {
  Registered known(20);
  known.Register(2, 20);
  const size_t fresh = EncodeRecord(*known.record).size();
  for (uint32_t i = 0; i < 20; ++i) {
    if (i % 10 == 0) known.record = ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)})->record;
    known.Guess(2, i, 1'900'000'000'000);
  }
  known.record = ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)})->record;
  for (uint32_t i = 0; i < 20; ++i) known.Guess(1, i, 1'900'000'000'000);
  EXPECT_EQ(known.record->Find(1)->counted_elements.size() + known.record->Find(2)->counted_elements.size(),
            40U);
  EXPECT_EQ(EncodeRecord(*known.record).size(), fresh);
  EXPECT_EQ(*DecodeRecord(EncodeRecord(*known.record)), *known.record);
}

TEST(CodecDeathTest, MoreCountedThanSpent) {
  Registered known;
  known.Guess(1, 1);
  known.record->Find(1)->spent = 0;
  EXPECT_DEATH(EncodeRecord(*known.record), "");
}

TEST(CodecDeathTest, RefusesToWriteWhatBreaksTheLimits) {
  Record record = FullRecord();
  record.versions[0].guess_limit = 21;
  EXPECT_DEATH(EncodeRecord(record), "");
}

}  // namespace
}  // namespace labrec::recovery
