// Chip-enforced records by the client library, against realms on real swtpm and on SoftHSM2, and against
// realms that lie about their chip.
#include <atomic>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/evidence.h"
#include "hsm/tpm_wire/tpms_nv_public.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/status.h"
#include "tests/integration/client/chip_world.h"
#include "tests/support/realm/core_call.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr size_t kPorto = 1;  // SoftHSM2
constexpr size_t kQuito = 2;  // swtpm

class ClientChip : public ClientWorld {
 protected:
  ClientChip() : ClientWorld({}, GiveCertificate) {}
  void SetUp() override {
    trust_ = test::LocalCa::Instance().Trust().value();
    trust_.anchors.push_back(test::LocalCa::Instance().Issuer().value());
  }

  absl::StatusOr<Sealed> SealInChip(Enforcement enforcement, uint32_t guess_limit = kChipLimit) {
    SealRequest request;
    request.record = "default";
    request.threshold = 2;
    request.guess_limit = guess_limit;
    request.argon.memory_kib = 1024;
    request.enforcement = enforcement;
    request.trust.roots = trust_;
    return Seal(alice(), request, Secret(kSecret), Secret(kRight), phone());
  }
  // What the chip of this realm counts of the newest version since its latest write; {99, 99} if it has none.
  hsm::UseCount InTheChip(size_t i) {
    const auto record = realm(i).realm().StoredRecord({"chat", "alice", "default"});
    if (!record || record->Newest() == nullptr || !record->Newest()->chip) return {99, 99};
    const auto key = hsm::DecodeCountedKey(record->Newest()->chip->key);
    const auto use = realm(i).realm().device().counted_keys()->ReadUse(*key);
    if (!use.ok() || use->left() > kChipLimit) return {98, 98};
    return {kChipLimit - use->left(), kChipLimit};
  }
  size_t IndicesAt(size_t i) { return realm(i).realm().device().counted_keys()->List()->size(); }

  template <typename T, typename Change>
  void Lie(size_t i, Change change) {
    proxy(i).OnAnswer([change](const std::string&, Message& response) {
      if (auto* answer = dynamic_cast<T*>(&response)) change(*answer);
      return grpc::Status::OK;
    });
  }
  void LieAboutKey(const std::function<void(attestation::RecordKeyEvidence&)>& change) {
    Lie<v1::BeginRegistrationResponse>(kOslo, [change](v1::BeginRegistrationResponse& answer) {
      auto evidence = attestation::DecodeRecordKeyEvidence(AsBytes(answer.chip().evidence())).value();
      change(evidence);
      answer.mutable_chip()->set_evidence(ToString(attestation::Encode(evidence)));
    });
  }
  // Sealing fails for this reason, and no realm was given a share.
  void ExpectRefused(const std::string& reason) {
    const auto sealed = SealInChip(Enforcement::kChipOrLedger);
    EXPECT_FALSE(sealed.ok());
    EXPECT_THAT(std::string(sealed.status().message()), AllOf(HasSubstr("oslo"), HasSubstr(reason)));
    for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("FinishRegistration"), 0);
  }

  attestation::EkTrust trust_;
};

TEST_F(ClientChip, TheChipCountsWhereThereIsOneAndTheRightPinRefillsIt) {
  const auto sealed = SealInChip(Enforcement::kChipOrLedger);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  ASSERT_THAT(sealed->counting, SizeIs(3));
  EXPECT_TRUE(sealed->counting[kOslo].by_chip);
  EXPECT_FALSE(sealed->counting[kPorto].by_chip);
  EXPECT_TRUE(sealed->counting[kQuito].by_chip);
  EXPECT_THAT(sealed->counting[kOslo].proven, Not(IsEmpty()));
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{0, kChipLimit}));

  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{1, kChipLimit}));
  EXPECT_THAT(Remaining(), ElementsAre(2, 2, 2));
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{0, kChipLimit}));
  EXPECT_EQ(InTheChip(kQuito), (hsm::UseCount{0, kChipLimit}));
  EXPECT_THAT(Remaining(), ElementsAre(3, 3, 3));
}

TEST_F(ClientChip, ARealmWithoutAChipIsRefusedWithItsReasonNotServedByItsLedger) {
  const auto sealed = SealInChip(Enforcement::kChip);
  EXPECT_EQ(sealed.status().code(), absl::StatusCode::kFailedPrecondition) << sealed.status();
  EXPECT_THAT(std::string(sealed.status().message()), AllOf(HasSubstr("porto"), HasSubstr("PKCS#11")));
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("FinishRegistration"), 0);
}

TEST_F(ClientChip, WrongPinsDestroyItWithKeysAndIndices) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger, 2).ok());
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Recovered(kRight), "destroyed");
  EXPECT_TRUE(Eventually([&] { return IndicesAt(kOslo) + IndicesAt(kQuito) == 0; }));
}

TEST_F(ClientChip, ANewPinRetiresTheOldIndexAndKeepsWhoCounts) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  const auto changed =
      ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret(kRight), Secret("271828"), nullptr);
  ASSERT_TRUE(changed.ok()) << changed.status();
  const auto& sealed = std::get<Sealed>(*changed);
  EXPECT_EQ(Conditions(sealed.reports), "good good good");
  EXPECT_TRUE(sealed.counting[kOslo].by_chip);
  EXPECT_FALSE(sealed.counting[kPorto].by_chip);
  EXPECT_TRUE(Eventually([&] { return IndicesAt(kOslo) == 1 && IndicesAt(kQuito) == 1; }));
  EXPECT_EQ(Recovered(kRight), "wrong PIN");
  EXPECT_EQ(Recovered("271828"), std::string("secret: ") + kSecret);
}

// Nobody says who is to count: a lost phone's owner, with a new phone and another PIN.
TEST_F(ClientChip, SealingAgainKeepsWhoCounts) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  const auto sealed = SealAs(alice(), "271828", kSecret, kChipLimit);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_TRUE(sealed->counting[kOslo].by_chip);
  EXPECT_FALSE(sealed->counting[kPorto].by_chip);
  EXPECT_TRUE(sealed->counting[kQuito].by_chip);
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{0, kChipLimit}));
  EXPECT_EQ(Recovered("271828"), std::string("secret: ") + kSecret);
}

TEST_F(ClientChip, TheSecretIsThereBeforeChipsGiveGuessesBack) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  auto outcome = Recover(
      alice(), {"default", 2, LeastFrom::kPerson, WhichVersion::kNewest, ChipRefill::kLater}, Secret(kRight));
  ASSERT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{1, kChipLimit}));
  RefillChipGuesses(alice(), std::get<client::Recovered>(*outcome));
  EXPECT_EQ(InTheChip(kOslo), (hsm::UseCount{0, kChipLimit}));
}

TEST_F(ClientChip, AChangeOfPinRefillsTheOldIndexOnlyIfItStays) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  const int before = proxy(kOslo).calls("FinishChipWrite");
  const auto change = [&] {
    return ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret(kRight), Secret("271828"),
                     nullptr);
  };
  ASSERT_TRUE(change().ok());
  EXPECT_EQ(proxy(kOslo).calls("FinishChipWrite"), before + 3)
      << "two of the new version, and the retirement";
  proxy(kPorto).OnRequest([](const std::string& rpc, const Message&) {
    return rpc == "BeginRegistration" ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "away")
                                      : grpc::Status::OK;
  });
  EXPECT_FALSE(
      ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret("271828"), Secret("1"), nullptr).ok());
  proxy(kPorto).Behave();
  const auto status = GetStatus(alice(), "default", 2);
  EXPECT_EQ(status.tries_left, kChipLimit);
}

TEST_F(ClientChip, ARetirementThatIsNotProvenIsReported) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  auto writes = std::make_shared<std::atomic<int>>(0);
  // The third write of a changed PIN, after two of the new version, is the retirement.
  Lie<v1::FinishChipWriteResponse>(kOslo, [writes](v1::FinishChipWriteResponse& answer) {
    if (++*writes == 3) answer.set_contents("nothing");
  });
  const auto changed =
      ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret(kRight), Secret("271828"), nullptr);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(Conditions(std::get<Sealed>(*changed).reports), "faulty good good");
  EXPECT_EQ(Recovered("271828"), std::string("secret: ") + kSecret);
}

TEST_F(ClientChip, ARefillThatIsNotProvenNamesTheRealmAndKeepsTheSecret) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  auto old = std::make_shared<std::string>();
  Lie<v1::FinishChipWriteResponse>(kOslo, [old](v1::FinishChipWriteResponse& answer) {
    if (old->empty()) *old = answer.contents();
    answer.set_contents(*old);
  });
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret) << "the first one is shown as it is";
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  const RealmReport& oslo = std::get<client::Recovered>(*outcome).reports[kOslo];
  EXPECT_EQ(oslo.condition, RealmCondition::kFaulty);
  EXPECT_THAT(std::string(oslo.error.message()), HasSubstr("STALE"));
}

TEST_F(ClientChip, ALostAnswerToARefillIsNotSignedForAgain) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  const int before = proxy(kOslo).calls("BeginChipWrite");
  std::mutex mutex;
  std::set<std::string> signatures;  // the same one may be sent again
  proxy(kOslo).OnRequest([&](const std::string&, const Message& message) {
    const std::lock_guard lock(mutex);
    const auto* request = dynamic_cast<const v1::FinishChipWriteRequest*>(&message);
    if (request != nullptr) signatures.insert(request->signature());
    return grpc::Status::OK;
  });
  proxy(kOslo).OnAnswer([](const std::string& rpc, Message&) {
    return rpc == "FinishChipWrite" ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost") : grpc::Status::OK;
  });
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(proxy(kOslo).calls("BeginChipWrite"), before + 1);
  EXPECT_THAT(signatures, SizeIs(1));
  EXPECT_FALSE(std::get<client::Recovered>(*outcome).reports[kOslo].error.ok());
}

// Challenges come with answers, that of a version which begins in a chip among them.
TEST_F(ClientChip, ALifeTakesNoCallForAChallenge) {
  std::vector<int> before;
  for (size_t i = 0; i < kRealms; ++i) before.push_back(proxy(i).calls("GetChallenge"));
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  ASSERT_EQ(Describe(RecoverAs(alice(), kRight)), Got(kSecret));
  const auto changed =
      ChangePin(alice(), {"default", 2}, Holders::kEveryRealm, Secret(kRight), Secret("271828"), nullptr);
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_TRUE(std::holds_alternative<Sealed>(*changed));
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("GetChallenge"), before[i]) << i;
}

TEST_F(ClientChip, AnEkOfNobodyKnownIsRefused) {
  trust_.anchors = {trust_.anchors.front()};
  Lie<v1::GetIdentityResponse>(kOslo, [](v1::GetIdentityResponse& answer) {
    auto identity = attestation::DecodeIdentityEvidence(AsBytes(answer.identity())).value();
    identity.ek_certificate.back() ^= 1U;  // its signature
    answer.set_identity(ToString(attestation::Encode(identity)));
  });
  ExpectRefused("ENDORSEMENT_CHAIN");
}

TEST_F(ClientChip, AnotherChipsIdentityIsRefused) {
  const auto quito = test::CallRealm(alice(), kQuito, wire::GetIdentityRequest());
  ASSERT_TRUE(quito.ok()) << quito.status();
  Lie<v1::GetIdentityResponse>(kOslo, [other = quito->identity](v1::GetIdentityResponse& answer) {
    answer.set_identity(ToString(other));
  });
  ExpectRefused("ActivateCredential");
}

TEST_F(ClientChip, AKeyThatIsNotTheCertifiedOneIsRefused) {
  LieAboutKey([](auto& evidence) {
    auto key = tpm::TpmtPublic::Parse(evidence.key_public).value();
    key.auth_policy[0] ^= 1U;
    evidence.key_public = key.Marshal();
  });
  ExpectRefused("KEY_POLICY");
}

TEST_F(ClientChip, AnIndexThatCanLockTheChipIsRefused) {
  LieAboutKey([](auto& evidence) {
    auto index = tpm::TpmsNvPublic::Parse(evidence.index_public).value();
    index.attributes &= ~0x02000000U;  // TPMA_NV_NO_DA
    evidence.index_public = index.Marshal();
  });
  ExpectRefused("NO_DA");
}

TEST_F(ClientChip, AnotherIndexUnderTheSameKeyIsRefused) {
  LieAboutKey([](auto& evidence) {
    auto index = tpm::TpmsNvPublic::Parse(evidence.index_public).value();
    index.index += 1;
    evidence.index_public = index.Marshal();
  });
  ExpectRefused("KEY_POLICY");
}

TEST_F(ClientChip, AnotherRecordsEvidenceIsRefused) {
  auto first = std::make_shared<attestation::RecordKeyEvidence>();
  LieAboutKey([first](auto& evidence) {
    if (first->key_public.empty()) *first = evidence;
    evidence.key_certified = first->key_certified;
  });
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger).ok());
  const auto sealed = SealInChip(Enforcement::kChipOrLedger);
  EXPECT_THAT(std::string(sealed.status().message()), HasSubstr("STALE"));
}

TEST_F(ClientChip, EvaluationsByAKeyOfTheHostsAreRefused) {
  Lie<v1::ConfirmKeyResponse>(kOslo, [](v1::ConfirmKeyResponse& answer) {
    for (std::string& point : *answer.mutable_evaluated()) {
      point = ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed());
    }
  });
  ExpectRefused("does not prove");
}

TEST_F(ClientChip, NothingIsSignedWithoutTheChipsNonce) {
  Lie<v1::BeginChipWriteResponse>(kOslo,
                                  [](v1::BeginChipWriteResponse& answer) { answer.clear_nonce_tpm(); });
  ExpectRefused("nonce");
  EXPECT_EQ(proxy(kOslo).calls("FinishChipWrite"), 0);
}

TEST_F(ClientChip, AnOldStatementOfTheContentsIsRefused) {
  auto first = std::make_shared<std::string>();
  Lie<v1::FinishChipWriteResponse>(kOslo, [first](v1::FinishChipWriteResponse& answer) {
    if (first->empty()) *first = answer.contents();
    answer.set_contents(*first);
  });
  ExpectRefused("STALE");
}

TEST_F(ClientChip, ARealmThatHidesItsChipIsNamedAsCountingByItsLedger) {
  Lie<v1::GetRealmResponse>(kOslo, [](v1::GetRealmResponse& answer) { answer.clear_chip(); });
  const auto sealed = SealInChip(Enforcement::kChipOrLedger);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_FALSE(sealed->counting[kOslo].by_chip);
}

TEST_F(ClientChip, ADatabaseFromBeforeTheGuessesDoesNotRefillTheChip) {
  ASSERT_TRUE(SealInChip(Enforcement::kChipOrLedger, 2).ok());
  const auto key = hsm::DecodeCountedKey(
      realm(kOslo).realm().StoredRecord({"chat", "alice", "default"})->Newest()->chip->key);
  hsm::CountedKeys& chip = *realm(kOslo).realm().device().counted_keys();
  for (int i = 0; i < 2; ++i) {  // as an attacker with the host and an older database would
    EXPECT_TRUE(std::holds_alternative<hsm::CountedResult>(*chip.Evaluate(*key, P256Point::Generator())));
  }
  EXPECT_TRUE(std::holds_alternative<hsm::Spent>(*chip.Evaluate(*key, P256Point::Generator())));
  EXPECT_EQ(realm(kOslo).Remaining("alice"), 2U) << "the ledger knows nothing of it";
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_TRUE(realm(kOslo).IsDestroyed("alice")) << "the chip refused";
}

}  // namespace
}  // namespace labrec::recovery::client
