#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hsm/base/clock.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/server/test.h"

namespace labrec::test {
namespace {

using Stub = v1::Recovery::Stub;
using recovery::Operation;

// Each kind of bad request has a clear error of its own, counts nothing and changes nothing.
class ServerRefusals : public ServerTest {
 protected:
  void SetUp() override {
    StartRealm();
    ASSERT_NE(realm_, nullptr);
    alice_ = std::make_unique<ApiClient>(*realm_, "alice");
    const grpc::Status ready = alice_->SetUp();
    ASSERT_TRUE(ready.ok()) << ready.error_message();
    v1::EvaluateResponse evaluated;
    ASSERT_TRUE(alice_->Evaluate(1, &evaluated).ok());
    before_ = Snapshot("alice");
    ASSERT_EQ(before_["record"]["remaining"], 9);
  }
  void TearDown() override {
    if (realm_ == nullptr || before_.is_null()) return;
    EXPECT_EQ(Snapshot("alice"), before_);
  }

  grpc::Status EvaluateWith(const std::function<void(v1::EvaluateRequest&)>& change) {
    v1::EvaluateRequest request = alice_->EvaluateRequest(2);
    change(request);
    v1::EvaluateResponse response;
    return alice_->Call(&Stub::Evaluate, request, &response);
  }
  grpc::Status EvaluateAs(std::optional<std::string> authorization) {
    const auto good = std::exchange(alice_->authorization, std::move(authorization));
    const grpc::Status status = EvaluateWith([](auto&) {});
    alice_->authorization = good;
    return status;
  }
  std::string Token(recovery::TokenContents contents) const {
    return "Bearer " + recovery::IssueToken(realm_->token_key(), contents);
  }
  recovery::TokenContents Contents() const {
    return {"chat", "alice", realm_->realm_id(), SystemClock().NowMillis() / 1000, 3600};
  }

  std::unique_ptr<ApiClient> alice_;
  Json before_;
};
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerRefusals);

TEST_P(ServerRefusals, TheSchemeOfATokenHasNoCase) {
  const std::string token = Token(Contents()).substr(std::string("Bearer ").size());
  const auto read = [&](const std::string& scheme) {
    alice_->authorization = scheme + token;
    v1::GetRecordResponse record;
    return alice_->Call(&Stub::GetRecord, v1::GetRecordRequest(), &record);
  };
  for (const std::string scheme : {"bearer ", "BEARER ", "Bearer   "}) {
    EXPECT_NE(read(scheme).error_code(), grpc::StatusCode::UNAUTHENTICATED) << scheme;
  }
  for (const std::string scheme : {"bearer", "beare ", "Bearer,"}) {
    EXPECT_EQ(read(scheme).error_code(), grpc::StatusCode::UNAUTHENTICATED) << scheme;
  }
}

TEST_P(ServerRefusals, TextThatIsNoUtf8StaysOutOfTheLog) {
  const std::string bad = "\xff\xfe\x1b[31m";
  for (int i = 0; i < 3; ++i) {
    const grpc::Status status = EvaluateWith([&](v1::EvaluateRequest& request) { request.set_record(bad); });
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.error_message().find(bad), std::string::npos);
  }
  const std::string log = realm_->Log();
  EXPECT_EQ(log.find('\xff'), std::string::npos) << log;
  EXPECT_EQ(log.find('\x1b'), std::string::npos) << log;
  EXPECT_EQ(log.find("libprotobuf"), std::string::npos) << "past the daemon's own log:\n" << log;
}

TEST_P(ServerRefusals, Tokens) {
  EXPECT_REFUSED(EvaluateAs(std::nullopt), UNAUTHENTICATED, "no token");
  EXPECT_REFUSED(EvaluateAs("Basic YTpi"), UNAUTHENTICATED, "no bearer token");
  EXPECT_REFUSED(EvaluateAs("Bearer nonsense"), UNAUTHENTICATED, "three parts");
  recovery::TokenContents expired = Contents();
  expired.issued_at_s -= 7200;
  EXPECT_REFUSED(EvaluateAs(Token(expired)), UNAUTHENTICATED, "expired");
  recovery::TokenContents too_long = Contents();
  too_long.lifetime_s = int64_t{25} * 3600;
  EXPECT_REFUSED(EvaluateAs(Token(too_long)), UNAUTHENTICATED, "24 hours");
  recovery::TokenContents elsewhere = Contents();
  elsewhere.audience = std::string(32, '0');
  EXPECT_REFUSED(EvaluateAs(Token(elsewhere)), UNAUTHENTICATED, "\"aud\"");
  recovery::TokenContents by_name = Contents();
  by_name.audience = "oslo";
  EXPECT_REFUSED(EvaluateAs(Token(by_name)), UNAUTHENTICATED, "\"aud\"");
  recovery::TokenContents stranger = Contents();
  stranger.tenant = "strangers";
  EXPECT_REFUSED(EvaluateAs(Token(stranger)), UNAUTHENTICATED, "no tenant");
  const EcdsaPrivateKey forger = EcdsaPrivateKey::Generate();
  EXPECT_REFUSED(EvaluateAs("Bearer " + recovery::IssueToken(forger, Contents())), UNAUTHENTICATED,
                 "\"kid\"");
  std::string changed = *alice_->authorization;
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_REFUSED(EvaluateAs(changed), UNAUTHENTICATED, "signature");
}

TEST_P(ServerRefusals, AnotherAccountSeesNothingOfIt) {
  ApiClient bob(*realm_, "bob");
  v1::GetRecordResponse record;
  ASSERT_TRUE(bob.GetRecord(&record).ok());
  EXPECT_EQ(record.state(), v1::RECORD_STATE_NOT_REGISTERED);
  EXPECT_EQ(record.versions_size(), 0);
  v1::EvaluateResponse evaluated;
  ASSERT_TRUE(bob.Evaluate(1, &evaluated).ok());
  EXPECT_EQ(evaluated.outcome_case(), v1::EvaluateResponse::kNotRegistered);
}

TEST_P(ServerRefusals, Elements) {
  const auto with = [this](std::string element) {
    return EvaluateWith([&](v1::EvaluateRequest& request) { request.set_elements(0, element); });
  };
  std::string off_curve = ApiClient::Element(3);
  while (P256Point::ParseCompressed(AsBytes(off_curve)).ok())
    off_curve.back() = static_cast<char>(off_curve.back() + 1);
  EXPECT_REFUSED(with(off_curve), INVALID_ARGUMENT, "elements[0]: the point is not on the curve");
  EXPECT_REFUSED(with(std::string(1, '\0')), INVALID_ARGUMENT, "identity");
  EXPECT_REFUSED(with(""), INVALID_ARGUMENT, "elements[0]");
  EXPECT_REFUSED(with(ApiClient::Element(3) + "x"), INVALID_ARGUMENT, "elements[0]");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.clear_elements(); }), INVALID_ARGUMENT, "elements: 0");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.add_elements(ApiClient::Element(3)); }), INVALID_ARGUMENT,
                 "elements: 2");
}

TEST_P(ServerRefusals, NamesVersionsAndSizes) {
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.set_version(7); }), NOT_FOUND, "version");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.clear_version(); }), INVALID_ARGUMENT, "version");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.set_record("a b"); }), INVALID_ARGUMENT, "record");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.set_record(std::string(65, 'a')); }), INVALID_ARGUMENT,
                 "record");
  EXPECT_REFUSED(EvaluateWith([](auto& r) { r.set_elements(0, std::string(80 << 10, 'a')); }),
                 RESOURCE_EXHAUSTED, "");
  v1::UnlockRequest unlock;
  unlock.set_record(ApiClient::kRecord);
  unlock.set_version(1);
  unlock.set_challenge(std::string(32, 'c'));
  unlock.set_signature(std::string(63, 's'));
  v1::UnlockResponse response;
  EXPECT_REFUSED(alice_->Call(&Stub::Unlock, unlock, &response), INVALID_ARGUMENT, "signature");
  unlock.set_signature(std::string(64, 's'));
  EXPECT_REFUSED(alice_->Call(&Stub::Unlock, unlock, &response), PERMISSION_DENIED, "challenge");
}

TEST_P(ServerRefusals, HugeMetadata) {
  std::string huge = "Bearer " + std::string(20 << 10, 'a');
  EXPECT_FALSE(EvaluateAs(huge).ok());
}

TEST_P(ServerRefusals, UnsignedRequests) {
  v1::ActivateRequest activate;
  activate.set_record(ApiClient::kRecord);
  activate.set_version(1);
  v1::ActivateResponse activated;
  EXPECT_REFUSED(alice_->Call(&Stub::Activate, activate, &activated), PERMISSION_DENIED, "not signed");
  v1::DeleteRecordRequest erase;
  erase.set_record(ApiClient::kRecord);
  v1::DeleteRecordResponse erased;
  EXPECT_REFUSED(alice_->Call(&Stub::DeleteRecord, erase, &erased), PERMISSION_DENIED, "not signed");
  v1::RaiseFloorRequest raise;
  raise.set_record(ApiClient::kRecord);
  raise.set_sequence(1);
  raise.set_digest(std::string(32, 'd'));
  v1::RaiseFloorResponse raised;
  EXPECT_REFUSED(alice_->Call(&Stub::RaiseFloor, raise, &raised), PERMISSION_DENIED, "not signed");
  v1::RevokeDeviceRequest revoke;
  revoke.set_device_id(ToString(alice_->device.public_key().DeviceId()));
  v1::RevokeDeviceResponse revoked;
  EXPECT_REFUSED(alice_->Call(&Stub::RevokeDevice, revoke, &revoked), PERMISSION_DENIED, "not signed");
}

TEST_P(ServerRefusals, ForeignSignatures) {
  ApiClient mallory(*realm_, "alice");  // holds a token of alice's, and none of her devices
  v1::DeleteRecordRequest erase;
  erase.set_record(ApiClient::kRecord);
  *erase.mutable_authorization() =
      mallory.Sign(Operation::kDeleteRecord, recovery::RecordBody(ApiClient::kRecord));
  v1::DeleteRecordResponse erased;
  EXPECT_REFUSED(mallory.Call(&Stub::DeleteRecord, erase, &erased), PERMISSION_DENIED, "device");
  // Says that it is alice's device, and signs with another key.
  erase.mutable_authorization()->set_device_id(ToString(alice_->device.public_key().DeviceId()));
  erase.mutable_authorization()->set_challenge(mallory.Challenge());
  EXPECT_REFUSED(mallory.Call(&Stub::DeleteRecord, erase, &erased), PERMISSION_DENIED, "signature");
  // alice's own signature, for another request.
  *erase.mutable_authorization() =
      alice_->Sign(Operation::kGetFloor, recovery::RecordBody(ApiClient::kRecord));
  EXPECT_REFUSED(alice_->Call(&Stub::DeleteRecord, erase, &erased), PERMISSION_DENIED, "signature");
  // A second first device.
  v1::EnrollDeviceResponse enrolled;
  EXPECT_REFUSED(mallory.Call(&Stub::EnrollDevice, mallory.EnrollRequest(), &enrolled), PERMISSION_DENIED,
                 "");
}

TEST_P(ServerRefusals, AProofThatIsNotTheNewKeys) {
  ApiClient carol(*realm_, "carol");
  v1::EnrollDeviceRequest request = carol.EnrollRequest();
  request.set_name("another name than was signed");
  v1::EnrollDeviceResponse response;
  EXPECT_REFUSED(carol.Call(&Stub::EnrollDevice, request, &response), PERMISSION_DENIED, "proof");
}

// Begun beside the active version, which must come out of it unharmed.
TEST_P(ServerRefusals, Registrations) {
  v1::BeginRegistrationResponse begun;
  ASSERT_TRUE(alice_->Begin(&begun, 2).ok());
  before_ = Snapshot("alice");
  const auto finish = [&](const std::function<void(v1::FinishRegistrationRequest&)>& change,
                          bool sign = true) {
    v1::FinishRegistrationRequest request = alice_->FinishRequest(begun.registration_id(), 2);
    change(request);
    if (sign) alice_->SignRegistration(request);
    v1::FinishRegistrationResponse response;
    return alice_->Call(&Stub::FinishRegistration, request, &response);
  };
  EXPECT_REFUSED(finish([](auto&) {}, false), PERMISSION_DENIED, "not signed");
  EXPECT_REFUSED(finish([](auto& r) { r.set_config(std::string(8193, 'c')); }), INVALID_ARGUMENT, "config");
  EXPECT_REFUSED(finish([](auto& r) { r.set_config("nonsense"); }), INVALID_ARGUMENT, "config");
  EXPECT_REFUSED(finish([](auto& r) { r.set_sealed_secret(std::string(2049, 's')); }), INVALID_ARGUMENT,
                 "sealed_secret");
  EXPECT_REFUSED(finish([](auto& r) { r.set_commitment("short"); }), INVALID_ARGUMENT, "commitment");
  EXPECT_REFUSED(finish([](auto& r) { r.mutable_unlock_public_key()->back() ^= 1; }), INVALID_ARGUMENT,
                 "unlock_public_key");
  EXPECT_REFUSED(finish([](auto& r) { r.set_registration_id(std::string(16, 'r')); }), FAILED_PRECONDITION,
                 "registration");
  EXPECT_REFUSED(finish([](auto& r) { r.set_version(3); }), INVALID_ARGUMENT, "version");

  ApiClient mallory(*realm_, "alice");
  v1::FinishRegistrationRequest foreign = mallory.FinishRequest(begun.registration_id(), 2);
  mallory.SignRegistration(foreign);
  v1::FinishRegistrationResponse response;
  EXPECT_REFUSED(mallory.Call(&Stub::FinishRegistration, foreign, &response), PERMISSION_DENIED, "device");
}

}  // namespace
}  // namespace labrec::test
