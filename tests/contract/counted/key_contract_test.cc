// What hsm/counted_key.h promises, on a real swtpm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/verify/chip_record_verifier.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "tests/contract/counted/fixture.h"

namespace labrec::hsm::contract {
namespace {

class CountedKeyContract : public CountedTest {
 protected:
  void SetUp() override {
    CountedTest::SetUp();
    OpenKeys();
  }
};

TEST_F(CountedKeyContract, ServesAsOftenAsWasGranted) {
  const CountedRecord record = MakeRecord(keys(), 10);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 10);
  EXPECT_EQ(keys().ReadUse(record.key).value(), (UseCount{10, 10}));
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 0);
}

TEST_F(CountedKeyContract, EachUseTellsTheCount) {
  const CountedRecord record = MakeRecord(keys(), 3);
  for (uint32_t use = 1; use <= 3; ++use) {
    const CountedOutcome outcome = keys().Evaluate(record.key, P256Point::Generator()).value();
    ASSERT_TRUE(std::holds_alternative<CountedResult>(outcome));
    EXPECT_EQ(std::get<CountedResult>(outcome).use, (UseCount{use, 3}));
    EXPECT_EQ(std::get<CountedResult>(outcome).result, PublicKeyOf(record.key));
  }
  const CountedOutcome spent = keys().Evaluate(record.key, P256Point::Generator()).value();
  ASSERT_TRUE(std::holds_alternative<Spent>(spent));
  EXPECT_EQ(std::get<Spent>(spent).use, (UseCount{3, 3}));
}

TEST_F(CountedKeyContract, NothingBeforeTheFirstWrite) {
  CountedRecord record;
  record.key = keys().Define(record.unlock_key.public_key()).value();
  EXPECT_EQ(keys().ReadUse(record.key).value(), UseCount{});
  EXPECT_FALSE(EvaluateOnce(keys(), record));
}

TEST_F(CountedKeyContract, ARefillGrantsAnewAndARetirementNothing) {
  CountedRecord record = MakeRecord(keys(), 2);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
  EXPECT_EQ(Write(keys(), record, 5).value(), (UseCount{2, 7})) << "the count stays";
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 5);
  EXPECT_EQ(Write(keys(), record, 3).value(), (UseCount{7, 10}));
  EXPECT_EQ(Write(keys(), record, 0).value(), (UseCount{7, 0}));
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 0);
}

// What the client rebuilds, bit for bit.
TEST_F(CountedKeyContract, MadeAsTheClientWantsIt) {
  const CountedRecord record = MakeRecord(keys(), 1);
  const EcdsaPublicKey& unlock = record.unlock_key.public_key();
  const auto before = tpm::CountingIndexArea(record.key.index, unlock, tpm::Written::kNo);
  const auto after = tpm::CountingIndexArea(record.key.index, unlock, tpm::Written::kYes);
  EXPECT_EQ(record.key.index_public, before.Marshal());
  EXPECT_EQ(record.key.unlock_key, unlock.Spki());
  const auto key = tpm::TpmtPublic::Parse(record.key.key_public);
  ASSERT_TRUE(key.ok()) << key.status();
  const absl::Status checked = attestation::CheckRecordKey(*key, after);
  EXPECT_TRUE(checked.ok()) << checked;
  const auto list = keys().List().value();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].index_public, after.Marshal());
  EXPECT_TRUE(list[0].written);
}

TEST_F(CountedKeyContract, SurvivesReopeningAndAPowerCut) {
  const CountedRecord record = MakeRecord(keys(), 6);
  EXPECT_TRUE(EvaluateOnce(keys(), record));
  OpenKeys();
  EXPECT_TRUE(EvaluateOnce(keys(), record));
  device_.reset();
  dut_->Repair();  // SIGKILL, and started again
  OpenKeys();
  EXPECT_EQ(keys().ReadUse(record.key).value(), (UseCount{2, 6}));
  dut_->Repair();  // this time with the device open
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 4);
  CountedKey kept = DecodeCountedKey(Encode(record.key)).value();
  EXPECT_EQ(keys().ReadUse(kept).value(), (UseCount{6, 6}));
}

TEST_F(CountedKeyContract, RecordsAreCountedApart) {
  const CountedRecord a = MakeRecord(keys(), 3);
  const CountedRecord b = MakeRecord(keys(), 2);
  EXPECT_NE(a.key.index, b.key.index);
  EXPECT_NE(PublicKeyOf(a.key), PublicKeyOf(b.key));
  EXPECT_EQ(EvaluateUntilSpent(keys(), a), 3);
  EXPECT_EQ(EvaluateUntilSpent(keys(), b), 2);
}

// The realm's own keys step aside for a record's, and come back.
TEST_F(CountedKeyContract, TheRealmsKeysServeInBetween) {
  CountedRecord record = MakeRecord(keys(), 20);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(EvaluateOnce(keys(), record));
    const auto own = device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1});
    ASSERT_TRUE(own.ok()) << own.status();
    EXPECT_EQ(own->front(), device_->evaluation_key()->public_key());
    ASSERT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
  }
}

TEST_F(CountedKeyContract, SignaturesForAnythingElseAreRefused) {
  CountedRecord record = MakeRecord(keys(), 2);
  const WriteSession session = keys().BeginWrite().value();
  const WriteSession other_session = keys().BeginWrite().value();
  CountedRecord other = MakeRecord(keys(), 2);
  const auto finish = [&](ByteView signature, uint32_t limit) {
    return keys().FinishWrite(record.key, session.id, limit, signature).status();
  };
  EXPECT_TRUE(absl::IsPermissionDenied(finish(SignWrite(record, 3, session.nonce_tpm), 4)));
  EXPECT_TRUE(absl::IsPermissionDenied(finish(SignWrite(record, 3, other_session.nonce_tpm), 3)));
  EXPECT_TRUE(absl::IsPermissionDenied(finish(SignWrite(other, 3, session.nonce_tpm), 3)));
  EXPECT_TRUE(absl::IsPermissionDenied(finish(Bytes(64), 3)));
  EXPECT_TRUE(absl::IsPermissionDenied(finish(Bytes(), 3)));
  record.written = false;  // the signature of a first write
  EXPECT_TRUE(absl::IsPermissionDenied(finish(SignWrite(record, 3, session.nonce_tpm), 3)));
  record.written = true;
  EXPECT_EQ(keys().ReadUse(record.key).value(), (UseCount{0, 2}));
  // The session is still there for the right one, and for that once.
  EXPECT_TRUE(finish(SignWrite(record, 3, session.nonce_tpm), 3).ok());
  EXPECT_TRUE(absl::IsNotFound(finish(SignWrite(record, 3, session.nonce_tpm), 3)));
  EXPECT_TRUE(absl::IsNotFound(keys().FinishWrite(record.key, 12345, 3, Bytes(64)).status()));
}

TEST_F(CountedKeyContract, WhatIsNoKeyOfThisDeviceCostsNothing) {
  const CountedRecord record = MakeRecord(keys(), 2);
  const CountedRecord other = MakeRecord(keys(), 2);
  CountedKey mixed = record.key;  // another record's key under this record's index
  mixed.key_public = other.key.key_public;
  mixed.key_private = other.key.key_private;
  EXPECT_TRUE(absl::IsFailedPrecondition(keys().Evaluate(mixed, P256Point::Generator()).status()));
  CountedKey damaged = record.key;
  damaged.key_private[40] ^= 1;
  EXPECT_TRUE(absl::IsFailedPrecondition(keys().Evaluate(damaged, P256Point::Generator()).status()));
  CountedKey elsewhere = record.key;
  elsewhere.index = other.key.index;
  EXPECT_TRUE(absl::IsInvalidArgument(keys().Evaluate(elsewhere, P256Point::Generator()).status()));
  CountedKey no_key = record.key;
  no_key.unlock_key.clear();
  EXPECT_TRUE(absl::IsInvalidArgument(keys().Evaluate(no_key, P256Point::Generator()).status()));
  EXPECT_EQ(keys().ReadUse(record.key).value(), (UseCount{0, 2}));
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
}

TEST_F(CountedKeyContract, DeletedIsGone) {
  const CountedRecord record = MakeRecord(keys(), 2);
  const CountedRecord other = MakeRecord(keys(), 2);
  ASSERT_TRUE(keys().Delete(record.key.index).ok());
  ASSERT_TRUE(keys().Delete(record.key.index).ok());  // twice is once
  EXPECT_TRUE(absl::IsFailedPrecondition(keys().Evaluate(record.key, P256Point::Generator()).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(keys().ReadUse(record.key).status()));
  EXPECT_EQ(keys().List().value().size(), 1U);
  EXPECT_EQ(EvaluateUntilSpent(keys(), other), 2);
  EXPECT_TRUE(absl::IsInvalidArgument(keys().Delete(0x01800100)));  // the anchor's
}

// A device that cannot count says so, and why.
TEST_F(CountedKeyContract, WithoutKeysNoneAreCounted) {
  device_.reset();
  state_ = dut_->Provision({.keys = false, .anchor = true}, ToBytes("contract-realm-2")).value();
  device_ = Open();
  EXPECT_EQ(device_->counted_keys(), nullptr);
  EXPECT_THAT(device_->description().no_counted_keys, testing::HasSubstr("without keys"));
}

}  // namespace
}  // namespace labrec::hsm::contract
