// Counted keys on a TPM whose cable is pulled, or whose power is cut, between any two commands.
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/link/capability.h"
#include "tests/contract/counted/fixture.h"
#include "tests/contract/disturbed_bus.h"

namespace labrec::hsm::contract {
namespace {

using Fate = DisturbedBus::Fate;

class CountedFault : public CountedTest {
 protected:
  void SetUp() override {
    CountedTest::SetUp();
    const absl::Status led = bus_.Lead(dut_->tpm());
    ASSERT_TRUE(led.ok()) << led;
    Reopen();
  }

  void Reopen() {
    device_.reset();
    device_ = tpm2::Open({"tpm2:" + bus_.tcti()}, state_, dut_->authorization()).value();
    ASSERT_NE(device_->counted_keys(), nullptr) << device_->description().no_counted_keys;
  }

  UseCount Use(const CountedKey& key) {
    UseCount use;
    const absl::Status read = OnceAvailable([&] {
      const auto found = keys().ReadUse(key);
      use = found.value_or(UseCount{});
      return found.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return use;
  }

  // Somebody else takes a use of the index.
  void TakeAUse(const CountedRecord& record) {
    const auto context = tpm2::Context::Connect(dut_->tpm().tcti()).value();
    const auto index = tpm2::OpenCounting(*context, record.key.index, record.unlock_key.public_key()).value();
    auto policy = tpm2::PolicySession::Start(*context).value();
    ASSERT_TRUE(policy.Secret(index.handle.esys(), ESYS_TR_PASSWORD).ok());
  }

  DisturbedBus bus_;
};

// A whole life of a record by a caller that does what the interface says: after an error it looks, and begins
// again where it must. Whatever was cut, all is done in the end, and nothing was gained.
class CountedCut : public CountedFault {
 protected:
  // What is done when a call says that the device is away.
  using Recovery = std::function<void()>;

  void CutEverywhere(Fate fate, const std::function<void()>& deed, const Recovery& recover) {
    recover_ = recover;
    for (int cut = 0;; ++cut) {
      SCOPED_TRACE(cut);
      bus_.Disturb(0, fate, cut, deed);
      LiveOnce();
      RemoveOrphans();
      if (HasFatalFailure() || bus_.Disarm()) break;
      ASSERT_LT(cut, 300);
    }
  }

 private:
  static constexpr uint32_t kLimit = 2;

  bool Again(const absl::Status& status) {
    if (status.ok()) return false;
    // DATA_LOSS cannot come of a cut: nobody else is here.
    EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsNotFound(status)) << status;
    recover_();
    return true;
  }

  void LiveOnce() {
    CountedRecord record;
    absl::StatusOr<CountedKey> key;
    do key = keys().Define(record.unlock_key.public_key());
    while (Again(key.status()));
    record.key = *key;
    known_ = record.key.index;
    WriteUntilDone(record);
    EXPECT_LE(EvaluateAll(record), static_cast<int>(kLimit));
    WriteUntilDone(record);
    EXPECT_LE(EvaluateAll(record), static_cast<int>(kLimit));
    EXPECT_EQ(Use(record.key), (UseCount{2 * kLimit, 2 * kLimit}));
    absl::Status deleted;
    do deleted = keys().Delete(record.key.index);
    while (Again(deleted));
  }

  void WriteUntilDone(CountedRecord& record) {
    const absl::Status written = Write(keys(), record, kLimit).status();
    if (!Again(written)) return;
    const UseCount use = Use(record.key);
    record.written = use.limit != 0;
    if (use.left() != kLimit) WriteUntilDone(record);
  }

  // How many evaluations came back; each count pays for at most one.
  int EvaluateAll(const CountedRecord& record) {
    int results = 0;
    for (int i = 0; i < 10; ++i) {
      const auto outcome = keys().Evaluate(record.key, P256Point::Generator());
      if (Again(outcome.status())) continue;
      if (std::holds_alternative<Spent>(*outcome)) return results;
      EXPECT_EQ(std::get<CountedResult>(*outcome).result, PublicKeyOf(record.key));
      ++results;
      EXPECT_GE(std::get<CountedResult>(*outcome).use.count, static_cast<uint32_t>(results));
    }
    ADD_FAILURE() << "never spent";
    return results;
  }

  void RemoveOrphans() {
    absl::StatusOr<std::vector<FoundCountingIndex>> left;
    do left = keys().List();
    while (Again(left.status()));
    EXPECT_LE(left->size(), 1U);  // a Define of which the answer was lost
    for (const FoundCountingIndex& index : *left) {
      EXPECT_FALSE(index.written);
      EXPECT_TRUE(OnceAvailable([&] { return keys().Delete(index.index); }).ok());
    }
  }

  Recovery recover_;
  uint32_t known_ = 0;
};

TEST_F(CountedCut, CommandsThatAreLost) {
  CutEverywhere(Fate::kLoseCommand, nullptr, [] {});
}
TEST_F(CountedCut, AnswersThatAreLost) {
  CutEverywhere(Fate::kLoseReply, nullptr, [] {});
}
// The service dies and is started again.
TEST_F(CountedCut, AnswersThatAreLostAndTheDeviceIsOpenedAnew) {
  CutEverywhere(Fate::kLoseReply, nullptr, [this] { Reopen(); });
}
// The TPM loses power instead of executing the command.
TEST_F(CountedCut, PowerCuts) {
  CutEverywhere(
      Fate::kForward, [this] { ASSERT_TRUE(dut_->tpm().Restart().ok()); }, [] {});
}

// A TPM that goes away while the device is opened is away: nobody concludes that it cannot count.
TEST_F(CountedFault, AnInterruptedOpeningIsNoVerdict) {
  device_.reset();
  for (int cut = 0;; ++cut) {
    ASSERT_LT(cut, 200);
    bus_.Disturb(0, Fate::kLoseReply, cut);
    const auto opened = tpm2::Open({"tpm2:" + bus_.tcti()}, state_, dut_->authorization());
    if (bus_.Disarm()) break;
    if (opened.ok()) {  // what was lost was about a session that is not wanted any more
      EXPECT_NE((*opened)->counted_keys(), nullptr)
          << cut << ": " << (*opened)->description().no_counted_keys;
    } else {
      EXPECT_TRUE(absl::IsUnavailable(opened.status())) << cut << ": " << opened.status();
    }
  }
  Reopen();
  EXPECT_EQ(EvaluateUntilSpent(keys(), MakeRecord(keys(), 2)), 2);
}

// The same where the TPM is tried, with the realm's first record. Opening it tries and writes nothing.
TEST_F(CountedFault, AnInterruptedTrialIsNoVerdict) {
  for (int cut = 0;; cut += 7) {
    ASSERT_LT(cut, 300);
    ASSERT_TRUE(dut_->Deprovision(state_).ok());
    state_ = dut_->Provision({}, ToBytes("contract-realm-1")).value();
    bus_.Disturb(TPM2_CC_NV_DefineSpace, Fate::kLoseCommand);
    Reopen();
    EXPECT_TRUE(bus_.Disarm()) << "opening it defined an index";
    bus_.Disturb(0, Fate::kLoseReply, cut);
    const absl::Status defined = keys().Define(EcdsaPrivateKey::Generate().public_key()).status();
    if (bus_.Disarm()) break;
    EXPECT_TRUE(defined.ok() || absl::IsUnavailable(defined)) << cut << ": " << defined;
    EXPECT_TRUE(OnceAvailable([&] { return keys().Capacity().status(); }).ok());
    EXPECT_EQ(EvaluateUntilSpent(keys(), MakeRecord(keys(), 2)), 2);
  }
}

// The TPM counted, and nobody heard it: the caller is told, and it is not sent again.
TEST_F(CountedFault, AUseIsNeverTakenTwice) {
  const CountedRecord record = MakeRecord(keys(), 5);
  for (const uint32_t lost : {TPM2_CC_PolicySecret, TPM2_CC_ECDH_ZGen}) {
    const uint32_t before = Use(record.key).count;
    bus_.Disturb(lost, Fate::kLoseReply);
    const absl::Status status = keys().Evaluate(record.key, P256Point::Generator()).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(bus_.SentSince(TPM2_CC_PolicySecret), 1);
    EXPECT_EQ(Use(record.key).count, before + 1);
  }
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 3);
}

// Somebody flushed what is loaded after the count was taken: the call is not repeated, as it would take
// another.
TEST_F(CountedFault, AUseIsNotTakenAgainWhenTheKeyIsGone) {
  const CountedRecord record = MakeRecord(keys(), 5);
  bus_.Disturb(TPM2_CC_ECDH_ZGen, Fate::kForward, 0, [&] {
    const auto context = tpm2::Context::Connect(dut_->tpm().tcti()).value();
    ASSERT_TRUE(tpm2::FlushWhatIsLeft(*context).ok());
  });
  const absl::Status status = keys().Evaluate(record.key, P256Point::Generator()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(bus_.SentSince(TPM2_CC_PolicySecret), 1);
  EXPECT_EQ(Use(record.key), (UseCount{1, 5}));
}

// A write leaves the count alone, and so a use that somebody takes between the write and the look after it.
TEST_F(CountedFault, AUseTakenBesideAWriteIsCounted) {
  CountedRecord record = MakeRecord(keys(), 5);
  bus_.Disturb(TPM2_CC_NV_Read, Fate::kForward, 2,
               [&] { TakeAUse(record); });  // the client and FinishWrite look first
  EXPECT_EQ(Write(keys(), record, 5).value(), (UseCount{1, 5}));
}

// The first record's mark of the range: its index was defined, and not written.
TEST_F(CountedFault, AMarkThatWasNotWrittenIsWrittenLater) {
  for (const auto& [code, fate, trials] : {std::tuple(TPM2_CC_NV_Write, Fate::kLoseCommand, 2),
                                           std::tuple(TPM2_CC_NV_DefineSpace, Fate::kLoseReply, 1)}) {
    ASSERT_TRUE(dut_->Deprovision(state_).ok());
    state_ = dut_->Provision({}, ToBytes("contract-realm-1")).value();
    Reopen();
    bus_.Disturb(code, fate, trials);  // the first are the trial's
    EXPECT_TRUE(absl::IsUnavailable(keys().Define(EcdsaPrivateKey::Generate().public_key()).status()));
    Reopen();
    const CountedRecord record = MakeRecord(keys(), 2);
    EXPECT_EQ(keys().List()->size(), 1U);
    EXPECT_EQ(EvaluateUntilSpent(keys(), record), 2);
  }
}

// A count that does not move by just one: here it moved by two, as somebody else took a use as well. A chip
// whose memory is worn out looks the same from here.
TEST_F(CountedFault, ACountThatMovesWronglyStopsTheEvaluation) {
  const CountedRecord record = MakeRecord(keys(), 5);
  bus_.Disturb(TPM2_CC_NV_Read, Fate::kForward, 1, [&] { TakeAUse(record); });
  const absl::Status stopped = keys().Evaluate(record.key, P256Point::Generator()).status();
  EXPECT_TRUE(absl::IsDataLoss(stopped)) << stopped;
  EXPECT_EQ(bus_.SentSince(TPM2_CC_ECDH_ZGen), 0);
  EXPECT_EQ(EvaluateUntilSpent(keys(), record), 3);
}

TEST_F(CountedFault, AlteredAnswersAreNotBelieved) {
  const CountedRecord record = MakeRecord(keys(), 5);
  for (const uint32_t code : {TPM2_CC_NV_Read, TPM2_CC_PolicySecret, TPM2_CC_ECDH_ZGen}) {
    bus_.Disturb(code, Fate::kAlterReply);
    const absl::Status status = keys().Evaluate(record.key, P256Point::Generator()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << code << status;
    EXPECT_FALSE(bus_.Disarm());
    EXPECT_LE(Use(record.key).count, 2U);
  }
  bus_.Disturb(TPM2_CC_NV_Read, Fate::kAlterReply);
  EXPECT_TRUE(absl::IsDataLoss(keys().ReadUse(record.key).status()));
  EXPECT_EQ(Use(record.key), (UseCount{2, 5}));
}

TEST_F(CountedFault, TheElementDoesNotCrossTheBusInClear) {
  const CountedRecord record = MakeRecord(keys(), 1);
  const P256Point element = P256Point::Generator().Times(P256Scalar::Random());
  ASSERT_TRUE(keys().Evaluate(record.key, element).ok());
  const Bytes seen = bus_.AllBytes();
  EXPECT_GT(seen.size(), 1000U);
  const ByteView x = element.x();
  EXPECT_EQ(std::search(seen.begin(), seen.end(), x.begin(), x.end()), seen.end());
}

}  // namespace
}  // namespace labrec::hsm::contract
