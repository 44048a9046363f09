#include <string>

#include "tests/integration/server/test.h"

// Challenges that come with answers, so that the next signed request needs no call before it.
namespace labrec::test {
namespace {

using recovery::Operation;
using Stub = v1::Recovery::Stub;

class ServerChallenges : public ServerTest {
 protected:
  void SetUp() override {
    StartRealm();
    ASSERT_NE(realm_, nullptr);
    alice_ = std::make_unique<ApiClient>(*realm_, "alice");
    ASSERT_TRUE(alice_->Enroll().ok());
  }
  // By GetRecord; a fresh one each time.
  std::string FromRecord(ApiClient& client) {
    v1::GetRecordResponse record;
    EXPECT_TRUE(client.GetRecord(&record).ok());
    EXPECT_EQ(record.next_challenge().size(), 32U);
    return record.next_challenge();
  }
  v1::RaiseFloorRequest Raise(ApiClient& client, const std::string& challenge, uint64_t sequence) {
    v1::RaiseFloorRequest request;
    request.set_record(ApiClient::kRecord);
    request.set_sequence(sequence);
    request.set_digest(std::string(32, 'd'));
    const Bytes body = recovery::RaiseFloorBody(ApiClient::kRecord, sequence, AsBytes(request.digest()));
    *request.mutable_authorization() =
        client.SignOver(challenge, client.device, Operation::kRaiseFloor, body);
    return request;
  }
  grpc::Status Send(ApiClient& client, const v1::RaiseFloorRequest& request) {
    v1::RaiseFloorResponse response;
    return client.Call(&Stub::RaiseFloor, request, &response);
  }
  // Registers and activates version 1; each challenge from the answer before.
  std::string Register() {
    v1::BeginRegistrationResponse begun;
    EXPECT_TRUE(alice_->Begin(&begun).ok());
    v1::FinishRegistrationRequest finish = alice_->FinishRequest(begun.registration_id());
    alice_->SignRegistration(finish, begun.next_challenge());
    v1::FinishRegistrationResponse finished;
    const grpc::Status taken = alice_->Call(&Stub::FinishRegistration, finish, &finished);
    EXPECT_TRUE(taken.ok()) << taken.error_message();
    return finished.next_challenge();
  }
  grpc::Status Activate(const std::string& challenge) {
    v1::ActivateRequest activate;
    activate.set_record(ApiClient::kRecord);
    activate.set_version(1);
    *activate.mutable_authorization() = alice_->SignOver(challenge, alice_->device, Operation::kActivate,
                                                         recovery::ActivateBody(ApiClient::kRecord, 1));
    v1::ActivateResponse activated;
    return alice_->Call(&Stub::Activate, activate, &activated);
  }

  std::unique_ptr<ApiClient> alice_;
};
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerChallenges);

TEST_P(ServerChallenges, ARegistrationAndARecoveryAskForNone) {
  const grpc::Status activated = Activate(Register());
  ASSERT_TRUE(activated.ok()) << activated.error_message();
  v1::EvaluateResponse guess;
  ASSERT_TRUE(alice_->Evaluate(1, &guess).ok());
  v1::UnlockResponse unlocked;
  ASSERT_TRUE(alice_->Unlock(guess.evaluated().challenge(), &unlocked).ok());
  const grpc::Status raised = Send(*alice_, Raise(*alice_, unlocked.unlocked().next_challenge(), 1));
  EXPECT_TRUE(raised.ok()) << raised.error_message();
  const grpc::Status again = Send(*alice_, Raise(*alice_, FromRecord(*alice_), 2));
  EXPECT_TRUE(again.ok()) << again.error_message();
}

TEST_P(ServerChallenges, EachIsGoodOnceAndForItsAccount) {
  ASSERT_TRUE(Activate(Register()).ok());
  const std::string challenge = FromRecord(*alice_);
  EXPECT_NE(FromRecord(*alice_), challenge);
  ASSERT_TRUE(Send(*alice_, Raise(*alice_, challenge, 1)).ok());
  EXPECT_REFUSED(Send(*alice_, Raise(*alice_, challenge, 2)), PERMISSION_DENIED, "challenge");
  ApiClient bob(*realm_, "bob");
  ASSERT_TRUE(bob.SetUp().ok());
  EXPECT_REFUSED(Send(bob, Raise(bob, FromRecord(*alice_), 1)), PERMISSION_DENIED, "challenge");
  // Nor does one unlock anything: that is another challenge.
  v1::UnlockResponse unlocked;
  EXPECT_REFUSED(alice_->Unlock(FromRecord(*alice_), &unlocked), PERMISSION_DENIED, "challenge");
}

TEST_P(ServerChallenges, WhatIsRefusedGivesNone) {
  ASSERT_TRUE(Activate(Register()).ok());
  v1::EvaluateResponse guess;
  ASSERT_TRUE(alice_->Evaluate(1, &guess).ok());
  alice_->unlock = EcdsaPrivateKey::Generate();  // as after a wrong PIN
  v1::UnlockResponse unlocked;
  EXPECT_FALSE(alice_->Unlock(guess.evaluated().challenge(), &unlocked).ok());
  EXPECT_FALSE(unlocked.has_unlocked());
  alice_->authorization = std::nullopt;
  v1::GetRecordResponse record;
  EXPECT_FALSE(alice_->GetRecord(&record).ok());
  EXPECT_EQ(record.next_challenge(), "");
}

}  // namespace
}  // namespace labrec::test
