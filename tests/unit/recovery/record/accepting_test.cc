#include "recovery/record/accept/accepting.h"

#include <gtest/gtest.h>

#include "recovery/record/accept/discarding.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/rules/devices.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

std::optional<Record> Accepted(const Record& record, const AcceptTerms& terms) {
  const auto accepted = AcceptRow(EncodeRecord(record), terms);
  EXPECT_TRUE(accepted.ok()) << accepted.status();
  if (!accepted.ok() || !*accepted) return std::nullopt;
  return DecodeRecord(**accepted).value();
}

TEST(Accepting, RowsOfBothKindsSayWhereTheyLie) {
  const Registered made(10);
  const RowPlace account = PlaceOf(EncodeAccount(*made.account)).value();
  const RowPlace record = PlaceOf(EncodeRecord(*made.record)).value();
  EXPECT_EQ(account.key, AccountRowKey(kName.tenant, kName.account));
  EXPECT_EQ(account.account_key, account.key);
  EXPECT_EQ(record.key, RecordRowKey(kName));
  EXPECT_EQ(record.account_key, account.key);
  EXPECT_EQ(record.account_hash, AccountHash(kName.tenant, kName.account));
  EXPECT_EQ(account.account_hash, record.account_hash);
}

TEST(Accepting, LowersRecordsAndLeavesAccounts) {
  const Registered made(10);
  const Bytes account = EncodeAccount(*made.account);
  EXPECT_EQ(AcceptRow(account, {}).value(), account);
  const Bytes row = EncodeRecord(*made.record);
  const auto lowered = AcceptRow(row, {2, true, false});
  ASSERT_TRUE(lowered.ok());
  EXPECT_EQ(DecodeRecord(**lowered)->Find(1)->left(), 2U);
  EXPECT_EQ((*lowered)->size(), row.size());
}

TEST(Accepting, TakesNothingElse) {
  Bytes spoilt = EncodeRecord(*Registered(10).record);
  spoilt.back() ^= 1;
  for (const Bytes& row : {spoilt, Bytes(), Bytes(1, 'A'), Bytes{1, 'A'}, DiscardedRow()}) {
    EXPECT_TRUE(absl::IsDataLoss(AcceptRow(row, {}).status()));
    EXPECT_TRUE(absl::IsDataLoss(PlaceOf(row).status()));
  }
}

TEST(Accepting, ElementsCountAnewInARowThatNobodyVouchesFor) {
  Registered made(10);
  made.Guess(1, 7);
  made.record = Accepted(*made.record, {.floor = 2, .vouched = true, .devices_discarded = false});
  EXPECT_EQ(made.Guess(1, 7), (GuessOutcome{MayEvaluate{Counting::kRepeated, 2}}));
  made.record = Accepted(*made.record, {.floor = 2, .vouched = false, .devices_discarded = false});
  EXPECT_EQ(made.Guess(1, 7), (GuessOutcome{MayEvaluate{Counting::kCounted, 1}}));
}

TEST(Accepting, WithItsDevicesAnAccountLosesWhatNobodyActivated) {
  Registered made(10);
  made.Register(2);
  const AcceptTerms terms{.floor = 1, .vouched = true, .devices_discarded = true};
  const std::optional<Record> left = Accepted(*made.record, terms);
  ASSERT_TRUE(left);
  EXPECT_NE(left->Find(1), nullptr) << "active";
  EXPECT_EQ(left->Find(2), nullptr);
  EXPECT_EQ(left->highest_version, 2U);
  made.record.reset();
  made.Register(3);
  EXPECT_EQ(Accepted(*made.record, terms), std::nullopt);
}

TEST(Accepting, ADiscardedRowIsAnAccountWithoutDevicesOrADestroyedRecord) {
  const Bytes row = DiscardedRow();
  EXPECT_TRUE(IsDiscardedRow(row));
  EXPECT_FALSE(IsDiscardedRow(ByteView(row).first(row.size() - 1)));
  EXPECT_TRUE(absl::IsDataLoss(DecodeAccount(row).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeRecord(row).status()));
  const Account account = DiscardedAccount("tenant", "alice");
  EXPECT_EQ(*DecodeAccount(EncodeAccount(account)), account);
  EXPECT_TRUE(account.discarded && account.devices.empty());
  const Record record = DiscardedRecord(kName);
  EXPECT_EQ(*DecodeRecord(EncodeRecord(record)), record);
  EXPECT_TRUE(record.discarded && record.destroyed);
}

TEST(Accepting, OnlyAnOperatorEnrolsTheNextDeviceOfADiscardedAccount) {
  const EcdsaPrivateKey device = EcdsaPrivateKey::Generate();
  const std::optional<Account> account = DiscardedAccount(kName.tenant, kName.account);
  const std::optional<Record> record;
  const EnrollmentState state{kName, account, record, FirstDevicePolicy::kOpen};
  const auto enroll = [&](Authority authority) {
    return ApplyEnroll(state, EnrollDevice{device.public_key(), "phone", std::move(authority)}, 1);
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(enroll(ByTokenHolder{}).status()));
  const auto enrolled = enroll(ByOperator{});
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_FALSE(enrolled->discarded);
}

TEST(Accepting, ADiscardedRecordMayBeRegisteredAnew) {
  Registered made(10);
  made.record = DiscardedRecord(kName);
  EXPECT_EQ(made.Guess(1, 1), (GuessOutcome{Destroyed{false, true}}));
  made.Register(5);
  EXPECT_FALSE(made.record->discarded || made.record->destroyed);
  EXPECT_EQ(made.Left(5), 10U);
}

}  // namespace
}  // namespace labrec::recovery
