// Records whose guesses the chip counts, on a real swtpm, without a network: what the engine makes of each
// call, of an attacker who uses the chip beside it, and of a run that ended in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/evidence.h"
#include "hsm/base/p256.h"
#include "hsm/tpm_wire/tpms_attest.h"
#include "tests/integration/engine/chip_client.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EngineChip : public testing::Test {
 protected:
  void SetUpRecord() {
    const absl::Status made = client.SetUpInChip(kChipLimit);
    ASSERT_TRUE(made.ok()) << made;
  }
  std::string Text(const absl::Status& status) { return std::string(status.message()); }
  // What somebody with the chip's authorisations does beside the engine.
  bool Burn() {
    return std::holds_alternative<hsm::CountedResult>(
        *client.keys().Evaluate(client.KeyOf(1), client.Element(77)));
  }

  EngineRealm realm{test::SimulatorKind::kSwtpm};
  ChipClient client{realm};
  EcdsaPrivateKey other_ = EcdsaPrivateKey::Generate();
};

TEST_F(EngineChip, TheVersionsOwnKeyEvaluatesAndTheChipCounts) {
  SetUpRecord();
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{0, kChipLimit}));
  const auto answer = client.Guess(1);
  EXPECT_EQ(RemainingOf(answer), 2);
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{1, kChipLimit}));
  const auto directly = client.keys().Evaluate(client.KeyOf(1), client.Element(1));
  ASSERT_TRUE(directly.ok()) << directly.status();
  EXPECT_EQ(std::get<Evaluated>(*answer).evaluated,
            std::vector{std::get<hsm::CountedResult>(*directly).result});
}

TEST_F(EngineChip, ARepeatedElementCostsTheChipNothing) {
  SetUpRecord();
  const auto first = client.Guess(1);
  realm.Restart();
  const auto again = client.Guess(1);
  ASSERT_EQ(RemainingOf(again), 2);
  EXPECT_EQ(std::get<Evaluated>(*first).evaluated, std::get<Evaluated>(*again).evaluated);
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{1, kChipLimit}));
}

TEST_F(EngineChip, TheLimitDestroysTheRecordWithKeyAndIndex) {
  SetUpRecord();
  for (uint32_t i = 1; i <= kChipLimit; ++i)
    EXPECT_EQ(RemainingOf(client.Guess(i)), static_cast<int>(kChipLimit - i));
  EXPECT_TRUE(IsDestroyed(client.Guess(9)));
  EXPECT_TRUE(realm.StoredRecord(client.name)->destroyed);
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().empty(); }));
}

TEST_F(EngineChip, WhatTheChipCountedBesideTheLedgerCounts) {
  SetUpRecord();
  ASSERT_TRUE(Burn());
  ASSERT_TRUE(Burn());
  EXPECT_EQ(RemainingOf(client.Guess(1)), 0);
  EXPECT_TRUE(IsDestroyed(client.Guess(2))) << "the ledger has counted one only; the chip is spent";
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().empty(); }));
}

TEST_F(EngineChip, ARefillTakesTheUnlockKeyAndIsProven) {
  SetUpRecord();
  const auto answer = client.Guess(1);
  ASSERT_TRUE(client.Unlock(std::get<Evaluated>(*answer).challenge).ok());
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{1, kChipLimit}))
      << "the unlock alone refills nothing in the chip";
  const auto contents = client.Write(1, kChipLimit);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{0, kChipLimit}));
  EXPECT_EQ(client.Remaining(), kChipLimit);
  const auto statement = attestation::DecodeSignedStatement(contents->statement);
  ASSERT_TRUE(statement.ok()) << statement.status();
  const auto attest = tpm::TpmsAttest::Parse(statement->attest);
  ASSERT_TRUE(attest.ok()) << attest.status();
  EXPECT_EQ(std::get<tpm::NvCertifyInfo>(attest->attested).contents,
            (Bytes{0, 0, 0, 3, 0, 0, 0, 3 + kChipLimit}))
      << "the two confirmations and the guess stay counted";
}

TEST_F(EngineChip, AWriteIsGoodOnceAndOnlyForWhatWasSigned) {
  SetUpRecord();
  const auto session = client.BeginWrite(1);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(client.BeginWrite(1)->id, session->id) << "whoever asks twice gets the same";
  std::swap(client.unlock_key, other_);
  EXPECT_EQ(client.FinishWrite(1, *session, kChipLimit).status().code(), StatusCode::kPermissionDenied);
  std::swap(client.unlock_key, other_);
  EXPECT_EQ(client.FinishWrite(1, *session, kChipLimit + 1).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(client.FinishWrite(1, *session, 1000).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(client.FinishWrite(1, {session->id + 1, session->nonce_tpm}, kChipLimit).status().code(),
            StatusCode::kNotFound);
  EXPECT_TRUE(client.FinishWrite(1, *session, kChipLimit).ok());
  EXPECT_EQ(client.FinishWrite(1, *session, kChipLimit).status().code(), StatusCode::kNotFound);
}

TEST_F(EngineChip, AnotherAccountCannotUseTheSession) {
  SetUpRecord();
  ChipClient bob(realm, "bob");
  ASSERT_TRUE(bob.SetUpInChip(kChipLimit).ok());
  const auto session = client.BeginWrite(1);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(bob.FinishWrite(1, *session, kChipLimit).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(client.FinishWrite(1, *session, kChipLimit).ok());
}

TEST_F(EngineChip, TheFirstWriteGrantsTheTwoConfirmationsAndNoMore) {
  ASSERT_TRUE(client.Enroll().ok());
  const auto begun = client.BeginInChip(1, kChipLimit);
  ASSERT_TRUE(begun.ok()) << begun.status();
  const RegistrationId id = begun->registration_id;
  EXPECT_EQ(client.Confirm(1, id).status().code(), StatusCode::kFailedPrecondition) << "nothing written yet";
  EXPECT_EQ(client.Write(1, kChipLimit).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(client.Write(1, 2).ok());
  const auto confirmed = client.Confirm(1, id);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_THAT(*confirmed, SizeIs(2));
  EXPECT_EQ(client.Confirm(1, id).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(client.FinishInChip(1, id, kChipLimit).code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(client.Write(1, kChipLimit).ok());
  const absl::Status finished = client.FinishInChip(1, id, kChipLimit);
  EXPECT_TRUE(finished.ok()) << finished;
  EXPECT_EQ(client.Confirm(1, id).status().code(), StatusCode::kFailedPrecondition) << "it is finished";
}

TEST_F(EngineChip, BeginningAgainAndDeletingLeaveNoIndexBehind) {
  ASSERT_TRUE(client.Enroll().ok());
  ASSERT_TRUE(client.BeginInChip(1, kChipLimit).ok());
  ASSERT_TRUE(client.BeginInChip(1, kChipLimit).ok());
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().size() == 1; }));
  ASSERT_TRUE(client.RegisterInChip(1, kChipLimit).ok());
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().size() == 1; }));
  const RawSignature signature = client.Sign(Operation::kDeleteRecord, RecordBody(client.name.record));
  ASSERT_TRUE(Await<Ok>([&](auto done) {
                realm.engine().records().DeleteRecord(client.caller, client.name.record, signature, done);
              }).ok());
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().empty(); }));
}

TEST_F(EngineChip, ActivationDeletesTheOlderVersionsIndex) {
  SetUpRecord();
  const uint32_t old = client.KeyOf(1).index;
  ASSERT_TRUE(client.RegisterInChip(2, kChipLimit).ok());
  EXPECT_THAT(client.IndicesInTheChip(), SizeIs(2));
  ASSERT_TRUE(client.Activate(2).ok());
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().size() == 1; }));
  EXPECT_NE(client.IndicesInTheChip().front(), old);
}

TEST_F(EngineChip, RetirementIsProvenAndErasesTheOldVersionOnly) {
  SetUpRecord();
  ASSERT_TRUE(client.RegisterInChip(2, kChipLimit).ok());
  const auto contents = client.Write(1, 0);
  ASSERT_TRUE(contents.ok()) << contents.status();
  const auto attest = tpm::TpmsAttest::Parse(attestation::DecodeSignedStatement(contents->statement)->attest);
  EXPECT_EQ(std::get<tpm::NvCertifyInfo>(attest->attested).contents, (Bytes{0, 0, 0, 2, 0, 0, 0, 0}));
  EXPECT_EQ(client.Evaluate(client.Element(1), 1).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(RemainingOf(client.Evaluate(client.Element(1), 2)), 2);
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip().size() == 1; }));
}

TEST_F(EngineChip, TheOnlyVersionIsLeftWithoutAGuessForWhoDeletesIt) {
  SetUpRecord();
  ASSERT_TRUE(client.Write(1, 0).ok());
  EXPECT_EQ(client.Remaining(), 0U);
  EXPECT_FALSE(Burn());
  EXPECT_FALSE(realm.StoredRecord(client.name)->destroyed);
}

// What a client asks for before it signs: fresh, and of the chip itself.
TEST_F(EngineChip, AWriteBeginsWithWhatTheChipHasCounted) {
  SetUpRecord();
  ASSERT_TRUE(Burn());
  const auto begin = [&](const Bytes& nonce) {
    return Await<ChipWriteBegun>([&](auto done) {
      realm.engine().chip_records().BeginChipWrite(client.caller, client.name.record, 1, nonce, done);
    });
  };
  EXPECT_EQ(begin(Bytes(31, 1)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(begin({})->contents, IsEmpty());
  const auto first = begin(Bytes(32, 1)), second = begin(Bytes(32, 2));
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(first->session.id, second->session.id);
  EXPECT_NE(first->contents, second->contents);
  const auto attest = tpm::TpmsAttest::Parse(attestation::DecodeSignedStatement(first->contents)->attest);
  EXPECT_EQ(std::get<tpm::NvCertifyInfo>(attest->attested).contents,
            (Bytes{0, 0, 0, 3, 0, 0, 0, 2 + kChipLimit}));
}

TEST_F(EngineChip, ATokenAloneTakesNoRoomInTheChip) {
  SetUpRecord();
  client.device = EcdsaPrivateKey::Generate();
  EXPECT_EQ(client.BeginInChip(2, kChipLimit).status().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(client.IndicesInTheChip(), SizeIs(1));
}

TEST_F(EngineChip, AStartDeletesIndicesThatNoRecordNames) {
  SetUpRecord();
  const uint32_t kept = client.KeyOf(1).index;
  ASSERT_TRUE(client.keys().Define(EcdsaPrivateKey::Generate().public_key()).ok());
  ASSERT_TRUE(client.BeginInChip(2, kChipLimit).ok());  // an earlier run's: nobody finishes it
  EXPECT_THAT(client.IndicesInTheChip(), SizeIs(3));
  realm.Restart();
  EXPECT_TRUE(Eventually([&] { return client.IndicesInTheChip() == std::vector{kept}; }));
  EXPECT_EQ(realm.StoredRecord(client.name)->Find(2), nullptr);
  EXPECT_EQ(RemainingOf(client.Guess(1)), 2);
}

TEST_F(EngineChip, AStartTakesOverWhatTheChipCounted) {
  SetUpRecord();
  ASSERT_TRUE(Burn());
  ASSERT_TRUE(Burn());
  EXPECT_EQ(client.Remaining(), kChipLimit);
  realm.Restart();
  EXPECT_TRUE(Eventually([&] { return client.Remaining() == 1; }));
}

TEST_F(EngineChip, AChipThatIsAwayLosesNothing) {
  SetUpRecord();
  EXPECT_EQ(RemainingOf(client.Guess(1)), 2);
  realm.simulator().Break();
  EXPECT_EQ(client.Guess(2).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(realm.simulator().Repair().ok());
  absl::StatusOr<EvaluateOutcome> answer;
  EXPECT_TRUE(Eventually([&] { return (answer = client.Guess(2)).ok(); }));
  EXPECT_EQ(RemainingOf(answer), 1);
  EXPECT_EQ(client.InTheChip(1), (hsm::UseCount{2, kChipLimit}));
}

TEST_F(EngineChip, StatusTellsTheRoom) {
  SetUpRecord();
  const EngineStatus status = realm.engine().status();
  ASSERT_TRUE(status.chip);
  EXPECT_EQ(status.chip->used, 1U);
  EXPECT_GT(status.chip->free_handles, 0U);
  EXPECT_THAT(status.no_chip_reason, IsEmpty());
}

TEST(EngineChipOnSoftHsm, IsRefusedWithTheReason) {
  EngineRealm realm{test::SimulatorKind::kSoftHsm};
  ChipClient client{realm};
  ASSERT_TRUE(client.Enroll().ok());
  const auto begun = client.BeginInChip(1, kChipLimit);
  EXPECT_EQ(begun.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(begun.status().message()), HasSubstr("PKCS#11"));
  EXPECT_FALSE(realm.engine().status().chip);
  EXPECT_THAT(realm.engine().status().no_chip_reason, HasSubstr("PKCS#11"));
}

}  // namespace
}  // namespace labrec::recovery
