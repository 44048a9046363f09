#include <atomic>
#include <memory>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/grpc/realm_channel.h"
#include "recovery/client/status.h"
#include "tests/integration/client/world.h"
#include "tests/support/realm/core_call.h"

// Realms that lie, by fields and by status codes: what they say proves nothing.
namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;

class Lies : public ClientWorld {
 protected:
  void SealWith(uint32_t threshold, uint32_t guess_limit = 10) {
    SealRequest request;
    request.record = "default";
    request.threshold = threshold;
    request.guess_limit = guess_limit;
    request.argon.memory_kib = 1024;
    const auto sealed = Seal(alice(), request, Secret(kSecret), Secret(kRight), phone());
    ASSERT_TRUE(sealed.ok()) << sealed.status();
  }
  void AnswerCode(size_t realm, const std::string& wanted, grpc::StatusCode code) {
    proxy(realm).Behave();
    proxy(realm).OnRequest([wanted, code](const std::string& rpc, const Message&) {
      return rpc == wanted ? grpc::Status(code, "a lie") : grpc::Status::OK;
    });
  }
  // The realm's answers of this type are changed.
  template <typename Response>
  void Answer(size_t realm, std::function<void(Response&)> change) {
    proxy(realm).Behave();
    proxy(realm).OnAnswer([change](const std::string&, Message& message) {
      if (auto* response = dynamic_cast<Response*>(&message)) change(*response);
      return grpc::Status::OK;
    });
  }
};

// Every answer of one realm to one kind of call, where all three realms are needed.
TEST_F(Lies, NoCodeOfOneRealmEndsARecordOrCostsTheOthersASecondGuess) {
  using grpc::StatusCode;
  SealWith(3);
  uint32_t left = 10;
  for (const StatusCode code :
       {StatusCode::NOT_FOUND, StatusCode::FAILED_PRECONDITION, StatusCode::PERMISSION_DENIED,
        StatusCode::INTERNAL, StatusCode::ABORTED, StatusCode::DATA_LOSS, StatusCode::UNIMPLEMENTED}) {
    for (const std::string rpc : {"GetRecord", "Evaluate"}) {
      AnswerCode(1, rpc, code);
      const std::string said = Recovered(kRight);
      EXPECT_THAT(said, AnyOf(HasSubstr("realm porto"), HasSubstr("porto"))) << code;
      if (rpc == "Evaluate") --left;
      EXPECT_EQ(Remaining()[0], left) << rpc << " " << code << ": " << said;
      EXPECT_EQ(Remaining()[2], left) << rpc << " " << code << ": " << said;
    }
  }
  proxy(1).Behave();
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
}

TEST_F(Lies, DestroyedAndNotRegisteredAreBelievedOfEnoughRealmsOnly) {
  SealWith(3);
  for (const bool destroyed : {true, false}) {
    Answer<v1::EvaluateResponse>(1, [destroyed](auto& response) {
      if (destroyed) {
        response.mutable_destroyed();
      } else {
        response.mutable_not_registered();
      }
    });
    const auto outcome = RecoverAs(alice(), kRight);
    EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status())) << Describe(outcome);
    EXPECT_THAT(Describe(outcome),
                HasSubstr(destroyed ? "realm porto says destroyed" : "realm porto says not-registered"));
  }
  Answer<v1::GetRecordResponse>(1,
                                [](auto& response) { response.set_state(v1::RECORD_STATE_NOT_REGISTERED); });
  EXPECT_THAT(Recovered(kRight), HasSubstr("realm porto says not-registered"));
  proxy(1).Behave();
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
}

TEST_F(Lies, OneRealmThatSaysItIsGoneDoesNotMatterWhereTwoAreEnough) {
  SealWith(2);
  for (const auto state : {v1::RECORD_STATE_DESTROYED, v1::RECORD_STATE_NOT_REGISTERED,
                           v1::RECORD_STATE_LOCKED, v1::RECORD_STATE_UNSPECIFIED}) {
    Answer<v1::GetRecordResponse>(1, [state](auto& response) { response.set_state(state); });
    EXPECT_EQ(Recovered(kRight), Got(kSecret)) << state;
  }
  AnswerCode(1, "Evaluate", grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(Remaining()[0], 9U);
  EXPECT_EQ(Remaining()[2], 9U);
  Answer<v1::GetRecordResponse>(1, [](auto& response) {
    for (auto& version : *response.mutable_versions()) version.set_remaining(0);
  });
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
}

// The version is replaced between survey and guess: all realms say so, and the PIN is tried once at the new
// one.
TEST_F(Lies, AVersionThatIsGoneEverywhereIsSurveyedAgain) {
  SealWith(2);
  for (size_t i = 0; i < kRealms; ++i) {
    proxy(i).OnRequest([first = std::make_shared<std::atomic<bool>>(true)](const std::string& rpc, auto&) {
      if (rpc != "Evaluate" || !first->exchange(false)) return grpc::Status(grpc::Status::OK);
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such version");
    });
  }
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_THAT(Remaining(), Each(9U));
}

// Two of three realms, where all three are needed, and the client knows the majority only.
TEST_F(Lies, TwoRealmsMakeUpNoVersionWhileTheThirdAsksForMore) {
  SealWith(3);
  for (const size_t liar : {0, 1}) {
    Answer<v1::GetRecordResponse>(liar, [](auto& response) {
      v1::RecordVersion* made_up = response.mutable_versions(0);
      v1::RecordConfig config;
      ASSERT_TRUE(config.ParseFromString(made_up->config()));
      config.set_version(config.version() + 1);
      config.set_threshold(1);
      made_up->set_version(config.version());
      made_up->set_config(config.SerializeAsString());
    });
  }
  const auto outcome = Recover(alice(), {"default"}, Secret(kRight));
  EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status())) << Describe(outcome);
  EXPECT_THAT(Describe(outcome), HasSubstr("realm quito offers version 1 of the record, which takes 3"));
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("Evaluate"), 0);
  EXPECT_FALSE(GetStatus(alice(), "default", 0).refused.ok());
  const auto said = Recover(alice(), {"default", 3, LeastFrom::kPerson}, Secret(kRight));
  EXPECT_THAT(Describe(said), HasSubstr("do not agree")) << "two are not three";
  for (size_t i = 0; i < kRealms; ++i) {
    EXPECT_EQ(proxy(i).calls("Evaluate"), 0);
    proxy(i).Behave();
  }
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
}

// One device has used the last guess, with the right PIN, and is about to unlock.
TEST_F(Lies, ARightPinIsNotLostByAnotherDeviceThatFindsNoGuessLeft) {
  SealWith(2, 1);
  std::once_flag once;
  std::string other;
  for (size_t i = 0; i < kRealms; ++i) {
    proxy(i).OnRequest([&](const std::string& rpc, auto&) {
      if (rpc == "Unlock") std::call_once(once, [&] { other = Describe(RecoverAs(*NewClient(), kRight)); });
      return grpc::Status::OK;
    });
  }
  EXPECT_EQ(Recovered(kRight), Got(kSecret));
  EXPECT_EQ(other, "used up");
  for (size_t i = 0; i < kRealms; ++i) EXPECT_FALSE(realm(i).IsDestroyed("alice"));
  EXPECT_THAT(Remaining(), Each(1U));
}

// What has proven itself is reached with the key that it proved itself on, or not at all.
TEST_F(Lies, AfterItsProofNoOtherTlsKeyGetsARequest) {
  RealmChannel& oslo = alice()[0];
  const auto key = oslo.TlsKeyHash();
  ASSERT_TRUE(key.ok()) << key.status();
  Digest other = *key;
  other[0] ^= 1;
  const auto asked = [&] { return test::CallRealm(alice(), 0, wire::GetChallengeRequest()).status(); };
  ASSERT_TRUE(asked().ok());
  const int before = proxy(0).calls("GetChallenge");
  oslo.SetProven(other);
  EXPECT_TRUE(absl::IsPermissionDenied(asked())) << asked();
  EXPECT_EQ(proxy(0).calls("GetChallenge"), before);
  oslo.SetProven(*key);
  EXPECT_TRUE(asked().ok()) << asked();
  oslo.SetUnproven(absl::InternalError("it did not say"));
  EXPECT_TRUE(absl::IsInternal(asked())) << asked();
  EXPECT_EQ(proxy(0).calls("GetChallenge"), before + 1);
}

TEST_F(Lies, AProvenKeyIsNoReasonToTakeAnotherName) {
  const auto key = alice()[0].TlsKeyHash();
  ASSERT_TRUE(key.ok()) << key.status();
  RealmAddress address = alice().address(0);
  address.server_name = "another.example";
  RealmSet other("chat", "alice");
  ASSERT_TRUE(other.Add(address, TokenFetch()).ok());
  other[0].SetProven(*key);
  EXPECT_TRUE(absl::IsPermissionDenied(test::CallRealm(other, 0, wire::GetRealmRequest()).status()));
}

TEST_F(Lies, HighestVersionOfOneRealmLeadsTheNumbersNowhere) {
  for (const uint32_t claim : {0xFFFFFFFEU, 0xFFFFFFFFU}) {
    Answer<v1::GetRecordResponse>(1, [&](auto& response) { response.set_highest_version(claim); });
    const auto strict = SealAs(alice(), kRight, kSecret);
    EXPECT_FALSE(strict.ok());
    EXPECT_THAT(std::string(strict.status().message()), HasSubstr("realm porto says that the record has"));
    EXPECT_EQ(proxy(1).calls("BeginRegistration"), 0);
    const auto sealed = SealAs(alice(), kRight, kSecret, 10, Holders::kThreshold);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_LE(sealed->version, 2U);
    EXPECT_EQ(Conditions(sealed->reports), "good faulty good");
  }
}

}  // namespace
}  // namespace labrec::recovery::client
