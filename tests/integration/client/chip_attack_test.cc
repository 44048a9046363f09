// Root on the host of a realm whose chip counts, between honest recoveries: what it gets evaluated, on the
// real TPM simulator. docs/attestation.md, "What a host can get", has the bound.
#include <mutex>
#include <optional>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "recovery/client/change_pin.h"
#include "recovery/client/delete_record.h"
#include "tests/integration/client/chip_world.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::HasSubstr;

constexpr int kTries = static_cast<int>(kChipLimit);

// Root at oslo has the chip, the row with the key, and all that clients send.
class ChipAttack : public ClientWorld {
 protected:
  ChipAttack() : ClientWorld({}, GiveCertificate) {}
  void SetUp() override {
    SealRequest request;
    request.record = "default";
    request.threshold = 2;
    request.guess_limit = kChipLimit;
    request.argon.memory_kib = 1024;
    request.enforcement = Enforcement::kChipOrLedger;
    request.trust.roots = test::LocalCa::Instance().Trust().value();
    request.trust.roots->anchors.push_back(test::LocalCa::Instance().Issuer().value());
    const auto sealed = Seal(alice(), request, Secret(kSecret), Secret(kRight), phone());
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    key_ = hsm::DecodeCountedKey(
               realm(kOslo).realm().StoredRecord({"chat", "alice", "default"})->Newest()->chip->key)
               .value();
  }

  hsm::CountedKeys& chip() { return *realm(kOslo).realm().device().counted_keys(); }
  // Evaluations that root makes itself, as many as it likes and can: `wanted` at most.
  int Evaluate(int wanted) {
    int got = 0;
    while (got < wanted) {
      const auto outcome = chip().Evaluate(key_, P256Point::Generator());
      if (!outcome.ok() || !std::holds_alternative<hsm::CountedResult>(*outcome)) break;
      ++got;
    }
    return got;
  }
  // An honest recovery by a person, who says that so many tries were his own; what became of oslo.
  RealmReport RecoverHonestly(uint32_t own_tries = 0) {
    RecoverRequest request{"default", 2};
    request.own_tries = own_tries;
    const auto outcome = Recover(alice(), request, Secret(kRight));
    EXPECT_EQ(Describe(outcome), Got(kSecret));
    return std::get<client::Recovered>(*outcome).reports[kOslo];
  }

  // From now on the client is shown a session of root's own each time, and what it signs is kept:
  // "NV unavailable".
  void KeepWhatIsSigned() {
    proxy(kOslo).OnAnswer([this](const std::string&, Message& message) {
      if (auto* begun = dynamic_cast<v1::BeginChipWriteResponse*>(&message)) {
        const hsm::WriteSession session = chip().BeginWrite().value();
        begun->set_session(session.id);
        begun->set_nonce_tpm(ToString(session.nonce_tpm));
      }
      return grpc::Status::OK;
    });
    proxy(kOslo).OnRequest([this](const std::string&, const Message& message) {
      const auto* request = dynamic_cast<const v1::FinishChipWriteRequest*>(&message);
      if (request == nullptr) return grpc::Status::OK;
      const std::lock_guard lock(mutex_);
      if (kept_.empty() || kept_.back().session() != request->session()) kept_.push_back(*request);
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "NV unavailable");
    });
  }
  // Makes each kept write, and evaluates as long as the chip does after it.
  int UseWhatWasSigned() {
    int got = 0;
    for (const v1::FinishChipWriteRequest& write : kept_) {
      (void)chip().FinishWrite(key_, write.session(), write.limit(), AsBytes(write.signature()));
      got += Evaluate(100);
    }
    return got;
  }

  hsm::CountedKey key_;
  std::mutex mutex_;
  std::vector<v1::FinishChipWriteRequest> kept_;
};

// A host that keeps each signed session, and says that the chip's memory is not available; and a person who
// says each time that the uses before were his own earlier recoveries, as they were.
TEST_F(ChipAttack, WritesThatWereKeptAreWorthOneLimitTogether) {
  KeepWhatIsSigned();
  for (uint32_t earlier = 0; earlier < 3; ++earlier) RecoverHonestly(earlier);
  ASSERT_EQ(kept_.size(), 3U);
  const int got = UseWhatWasSigned();
  RecordProperty("evaluations", got);
  EXPECT_EQ(got, kTries);
}

// The same without the person's word: the second recovery is told of the first one's use, and signs nothing.
TEST_F(ChipAttack, ARefillThatDidNotComeAboutIsAskedAbout) {
  KeepWhatIsSigned();
  EXPECT_EQ(RecoverHonestly().chip, (ChipUses{1, 0}));
  const RealmReport asked = RecoverHonestly();
  EXPECT_EQ(asked.chip, (ChipUses{2, 1}));
  EXPECT_THAT(std::string(asked.error.message()), HasSubstr("may have tried PINs"));
  EXPECT_EQ(kept_.size(), 1U);
  proxy(kOslo).Behave();
  const RealmReport refilled = RecoverHonestly(2);  // an honest realm, and the person says that it was he
  EXPECT_TRUE(refilled.error.ok()) << refilled.error;
  EXPECT_EQ(refilled.remaining, kChipLimit);
  EXPECT_EQ(RecoverHonestly().chip, (ChipUses{1, 0}));
}

// The owner of the host who knows the rule: his ledger says that the uses were wrong PINs.
TEST_F(ChipAttack, ALedgerThatClaimsTheUsesAsWrongPinsIsNotBelievedAlone) {
  proxy(kOslo).OnAnswer([](const std::string&, Message& message) {
    auto* answer = dynamic_cast<v1::EvaluateResponse*>(&message);
    if (answer != nullptr && answer->has_evaluated()) answer->mutable_evaluated()->set_remaining(0);
    return grpc::Status::OK;
  });
  EXPECT_EQ(Evaluate(kTries - 1), kTries - 1);
  EXPECT_EQ(RecoverHonestly().chip, (ChipUses{kTries, kTries - 1}));
  EXPECT_EQ(Evaluate(100), 0);
}

// Wrong PINs reach all realms, and need no word.
TEST_F(ChipAttack, APersonsWrongPinsAreExplainedByTheOtherRealms) {
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  const RealmReport oslo = RecoverHonestly();
  EXPECT_EQ(oslo.chip, (ChipUses{2, 0}));
  EXPECT_EQ(oslo.remaining, kChipLimit);
}

// What a host saved before a retirement: nothing, where the last refill was seen to be made.
TEST_F(ChipAttack, ADeletionByPinLeavesNothing) {
  RecoverRequest request{"default", 2};
  request.refill = ChipRefill::kLater;
  const auto outcome = Recover(alice(), request, Secret(kRight));
  ASSERT_EQ(Describe(outcome), Got(kSecret));
  proxy(kOslo).OnRequest([](const std::string& rpc, const Message&) {  // it keeps the record and its index
    return rpc == "DeleteRecord" ? grpc::Status(grpc::StatusCode::NOT_FOUND, "gone") : grpc::Status::OK;
  });
  const auto reports = DeleteRecovered(alice(), std::get<client::Recovered>(*outcome));
  EXPECT_EQ(reports[kOslo].remaining, 0U);
  EXPECT_EQ(Evaluate(100), 0);
}

TEST_F(ChipAttack, ADeletionWhoseRetirementIsNotProvenSaysSo) {
  RecoverRequest request{"default", 2};
  request.refill = ChipRefill::kLater;
  const auto outcome = Recover(alice(), request, Secret(kRight));
  ASSERT_EQ(Describe(outcome), Got(kSecret));
  proxy(kOslo).OnRequest([](const std::string& rpc, const Message&) {
    return rpc == "FinishChipWrite" ? grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "NV unavailable")
                                    : grpc::Status::OK;
  });
  const auto reports = DeleteRecovered(alice(), std::get<client::Recovered>(*outcome));
  EXPECT_EQ(reports[kOslo].condition, RealmCondition::kGood);
  EXPECT_THAT(std::string(reports[kOslo].error.message()), HasSubstr("nothing proves that no guess is left"));
}

// A host that takes counts ahead before each recovery, and keeps the sessions that they authorised.
TEST_F(ChipAttack, CountsTakenAheadAreSeenAndRefilledNoMore) {
  int got = 0;
  for (int i = 0; i < 5; ++i) {
    got += Evaluate(kTries - 1);
    const RealmReport oslo = RecoverHonestly();
    EXPECT_FALSE(oslo.error.ok() && oslo.condition == RealmCondition::kGood) << "recovery " << i;
  }
  got += Evaluate(100);
  RecordProperty("evaluations", got);
  EXPECT_LE(got, kTries);
}

// What nobody explains is said where the index ends, too: nothing is to be given back there.
TEST_F(ChipAttack, UsesAreSaidWhereAChangeOfPinEndsThem) {
  ASSERT_EQ(Evaluate(kTries - 1), kTries - 1);
  const auto changed =
      ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret(kRight), Secret("another"), &phone());
  ASSERT_TRUE(changed.ok()) << changed.status();
  const RealmReport& oslo = std::get<Sealed>(*changed).reports[kOslo];
  EXPECT_EQ(oslo.condition, RealmCondition::kGood);
  EXPECT_EQ(oslo.chip, (ChipUses{kChipLimit, kChipLimit - 1}));
  EXPECT_THAT(std::string(oslo.error.message()),
              HasSubstr("whoever has that realm's host may have tried PINs"));
  EXPECT_EQ(std::get<Sealed>(*changed).reports[1].error, absl::OkStatus());
}

TEST_F(ChipAttack, AndWhereADeletionByPinDoes) {
  ASSERT_EQ(Evaluate(kTries - 1), kTries - 1);
  RecoverRequest request{"default", 2};
  request.refill = ChipRefill::kLater;
  const auto outcome = Recover(alice(), request, Secret(kRight));
  ASSERT_EQ(Describe(outcome), Got(kSecret));
  const auto deleted = DeleteRecovered(alice(), std::get<client::Recovered>(*outcome));
  EXPECT_EQ(deleted[kOslo].chip, (ChipUses{kChipLimit, kChipLimit - 1}));
  EXPECT_FALSE(deleted[kOslo].error.ok());
}

}  // namespace
}  // namespace labrec::recovery::client
