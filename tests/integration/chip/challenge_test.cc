// The challenge that comes with the answer to a registration where the chip is to count.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "recovery/api/request_bytes.h"
#include "tests/integration/server/api_client.h"
#include "tests/support/realm/chip_realm.h"

namespace labrec::test {
namespace {

namespace v1 = labyrinth::recovery::v1;
using recovery::Operation;
using Stub = v1::Recovery::Stub;

class ChipChallenge : public testing::Test {
 protected:
  void SetUp() override {
    auto made = ChipRealm::Make({});
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // Begins version 1, signed over this challenge.
  static grpc::Status Begin(ApiClient& client, const std::string& challenge,
                            v1::BeginRegistrationResponse* begun) {
    v1::BeginRegistrationRequest request;
    request.set_record(ApiClient::kRecord);
    request.set_version(1);
    v1::BeginChip& chip = *request.mutable_chip();
    chip.set_unlock_public_key(ToString(client.unlock.public_key().Spki()));
    chip.set_guess_limit(3);
    chip.set_nonce(std::string(32, 'n'));
    const Bytes body = recovery::BeginChipBody(ApiClient::kRecord, 1, AsBytes(chip.unlock_public_key()), 3,
                                               AsBytes(chip.nonce()));
    *chip.mutable_authorization() =
        client.SignOver(challenge, client.device, Operation::kBeginChipVersion, body);
    return client.Call(&Stub::BeginRegistration, request, begun);
  }

  std::unique_ptr<ChipRealm> realm_;
};

TEST_F(ChipChallenge, ComesWithWhatTheChipBegan) {
  ApiClient alice(realm_->fixture(), "alice");
  ASSERT_TRUE(alice.Enroll().ok());
  v1::GetRecordResponse record;
  ASSERT_TRUE(alice.GetRecord(&record).ok());
  v1::BeginRegistrationResponse begun;
  const grpc::Status began = Begin(alice, record.next_challenge(), &begun);
  ASSERT_TRUE(began.ok()) << began.error_message();
  EXPECT_TRUE(begun.has_chip());
  ASSERT_EQ(begun.next_challenge().size(), 32U);
  EXPECT_NE(begun.next_challenge(), record.next_challenge());

  // It signs the next request, once.
  const auto raise = [&](uint64_t sequence) {
    v1::RaiseFloorRequest request;
    request.set_record(ApiClient::kRecord);
    request.set_sequence(sequence);
    request.set_digest(std::string(32, 'd'));
    const Bytes body = recovery::RaiseFloorBody(ApiClient::kRecord, sequence, AsBytes(request.digest()));
    *request.mutable_authorization() =
        alice.SignOver(begun.next_challenge(), alice.device, Operation::kRaiseFloor, body);
    v1::RaiseFloorResponse response;
    return alice.Call(&Stub::RaiseFloor, request, &response).error_code();
  };
  EXPECT_NE(raise(1), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(raise(2), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ChipChallenge, IsNotGivenToWhoIsRefused) {
  ApiClient alice(realm_->fixture(), "alice");
  ASSERT_TRUE(alice.Enroll().ok());
  v1::BeginRegistrationResponse begun;
  EXPECT_EQ(Begin(alice, std::string(32, 'x'), &begun).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(begun.next_challenge(), "");
}

}  // namespace
}  // namespace labrec::test
