#include <atomic>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/status.h"
#include "tests/integration/client/world.h"

// What a client knows of guesses, and what it tells its user: docs/protocol.md, "How guesses are counted".
namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::Each;

class ClientAccounting : public ClientWorld {
 protected:
  void Refuse(size_t realm, const std::string& wanted) {
    proxy(realm).OnRequest([wanted](const std::string& rpc, const Message&) {
      if (rpc != wanted) return grpc::Status(grpc::Status::OK);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
    });
  }
  void BehaveAll() {
    for (size_t i = 0; i < kRealms; ++i) proxy(i).Behave();
  }
  void GuessWrongly(int times) {
    for (int i = 0; i < times; ++i) ASSERT_EQ(Recovered(kWrong), "wrong PIN");
  }
  // A version that is pending everywhere, as somebody with an enrolled device leaves it.
  void SealPending(std::string_view pin, uint32_t guess_limit = 10) {
    for (size_t i = 0; i < kRealms; ++i) Refuse(i, "Activate");
    ASSERT_TRUE(SealAs(alice(), pin, "another secret", guess_limit).ok());
    BehaveAll();
  }
};

TEST_F(ClientAccounting, AnotherPinBeginsWithAllItsGuesses) {
  ASSERT_TRUE(SealAs(alice(), "old PIN", kSecret).ok());
  GuessWrongly(3);
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->pin, KnownPin::kOther);
  EXPECT_TRUE(sealed->complete);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientAccounting, TheSamePinIsKnownAndSaid) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  GuessWrongly(3);
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->pin, KnownPin::kSame);
  EXPECT_THAT(Remaining(), Each(10U)) << "it was a success";
}

TEST_F(ClientAccounting, TheSamePinIsKnownBehindAPendingVersion) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  SealPending("a thief's PIN");
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->pin, KnownPin::kSame);
}

TEST_F(ClientAccounting, WhereNothingIsKnownOfThePinNoGuessIsGivenBack) {
  ASSERT_TRUE(SealAs(alice(), "old PIN", kSecret).ok());
  GuessWrongly(3);
  Refuse(0, "Evaluate");
  Refuse(1, "Evaluate");
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->pin, KnownPin::kNotKnown);
  EXPECT_EQ(Remaining()[0], 7U);
  BehaveAll();
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
  EXPECT_THAT(Remaining(), Each(10U));
}

// A version that was abandoned has fewer left than the one whose PIN was right, and the new one starts so.
TEST_F(ClientAccounting, AChangedPinBeginsWithAllItsGuesses) {
  ASSERT_TRUE(SealAs(alice(), "old PIN", kSecret).ok());
  SealPending("abandoned");
  GuessWrongly(3);
  const auto changed = ChangePin(alice(), {"default", 2, LeastFrom::kPerson, WhichVersion::kActive},
                                 Holders::kEveryRealm, Secret("old PIN"), Secret(kRight), nullptr);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(std::get<Sealed>(*changed).complete);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientAccounting, SealedIsSaidWhenEnoughRealmsHaveActivated) {
  Refuse(0, "Activate");
  const auto two = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_TRUE(two->complete) << "two of three realms, and it takes two";
  Refuse(1, "Activate");
  const auto one = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_FALSE(one->complete);
  const RecordStatus status = GetStatus(alice(), "default", 2);
  const auto device = phone().public_key().DeviceId();
  EXPECT_THAT(UnactivatedOf(status, device), testing::IsEmpty()) << "one realm has activated it";
}

TEST_F(ClientAccounting, WhatGoesWithADeviceIsKnownBeforeItIsRevoked) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  SealPending("another PIN");
  const RecordStatus status = GetStatus(alice(), "default", 2);
  EXPECT_THAT(UnactivatedOf(status, phone().public_key().DeviceId()), testing::ElementsAre(2U));
  EXPECT_THAT(UnactivatedOf(status, DeviceKey::Make().public_key().DeviceId()), testing::IsEmpty());
}

TEST_F(ClientAccounting, SealedIsSaidWhenTooFewAreLeftForTheVersionBefore) {
  SealRequest request;
  request.record = "default";
  request.threshold = 1;
  request.guess_limit = 3;
  request.argon.memory_kib = 1024;
  Refuse(0, "Activate");
  const auto sealed = Seal(alice(), request, Secret(kSecret), Secret(kRight), phone());
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_FALSE(sealed->complete) << "the third realm alone would give back the version before";
}

// One wrong PIN of one that is allowed: the record is there, and no guess is left.
TEST_F(ClientAccounting, AUsedUpRecordIsNotTriedAndItsPinIsSaidToBeUsedUp) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 1).ok());
  for (size_t i = 0; i < kRealms; ++i) {
    proxy(i).OnRequest([first = std::make_shared<std::atomic<bool>>(true)](const std::string& rpc, auto&) {
      if (rpc != "Evaluate" || first->exchange(false)) return grpc::Status(grpc::Status::OK);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
    });
  }
  GuessWrongly(1);
  EXPECT_THAT(Remaining(), Each(0U));
  BehaveAll();
  const int before = proxy(0).calls("Evaluate");
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->pin, KnownPin::kUsedUp);
  EXPECT_EQ(proxy(0).calls("Evaluate"), before);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientAccounting, APendingVersionInFrontIsNamedAndPassedOver) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  SealPending("a thief's PIN");
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_TRUE(std::holds_alternative<WrongPin>(*outcome));
  EXPECT_EQ(std::get<WrongPin>(*outcome).active_version, 1U);
  EXPECT_EQ(
      Describe(Recover(alice(), {"default", 2, LeastFrom::kPerson, WhichVersion::kActive}, Secret(kRight))),
      Got(kSecret));
}

TEST_F(ClientAccounting, GuessesAreToldByVersion) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  SealPending("a thief's PIN", 1);
  const auto outcome = RecoverAs(alice(), kWrong);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_TRUE(std::holds_alternative<WrongPin>(*outcome));
  EXPECT_EQ(std::get<WrongPin>(*outcome).tries_left, 0U);
  EXPECT_EQ(Conditions(std::get<WrongPin>(*outcome).reports), "outdated outdated outdated")
      << "that version is gone, and the record is not";
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
  const RecordStatus status = GetStatus(alice(), "default", 2);
  ASSERT_EQ(status.realms[0].versions.size(), 1U);
  EXPECT_EQ(status.realms[0].versions[0].registered_by, ToBytes(phone().public_key().DeviceId()));
}

}  // namespace
}  // namespace labrec::recovery::client
