#include <gtest/gtest.h>

#include "tests/integration/engine/client.h"
#include "tests/support/realm/one_realm_config.h"

// Registering: what it takes, and what it must refuse without changing anything.
namespace labrec::recovery {
namespace {

using absl::StatusCode;

class EngineRegistration : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  // The status of FinishRegistration; whatever it is, the stored record must be what it was.
  StatusCode FinishUnchanged(const RegistrationRequest& request) {
    const auto before = realm.StoredRecord(client.name);
    const auto answer = client.Finish(request);
    EXPECT_EQ(realm.StoredRecord(client.name), before);
    return answer.status().code();
  }
  EngineRealm realm{GetParam()};
  EngineClient client{realm};
};
INSTANTIATE_TEST_SUITE_P(Device, EngineRegistration,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(EngineRegistration, BeginNeedsAnEnrolledAccountAndANewVersion) {
  EXPECT_EQ(client.Begin(1, {client.Element(1)}).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(client.SetUp().ok());
  EXPECT_EQ(client.Begin(1, {client.Element(1)}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(client.Begin(0, {client.Element(1)}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Begin(2, {}).status().code(), StatusCode::kInvalidArgument);
  const P256Point e = client.Element(1);
  EXPECT_EQ(client.Begin(2, {e, e, e}).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(EngineRegistration, EveryBeginHasAKeyOfItsOwn) {
  ASSERT_TRUE(client.Enroll().ok());
  const auto first = client.Begin(1, {client.Element(1)});
  const auto second = client.Begin(1, {client.Element(1)});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->evaluated, second->evaluated);
  EXPECT_NE(first->registration_id, second->registration_id);
  EXPECT_TRUE(client.Finish(client.RegistrationOf(1, *first)).ok()) << "a later Begin takes nothing away";
  RegistrationRequest other = client.RegistrationOf(1, *second);
  other.commitment = Bytes(32, 'd');
  EXPECT_EQ(FinishUnchanged(other), StatusCode::kFailedPrecondition) << "the number is taken";
}

// Within the minutes in which the realm could compute its nonce again.
TEST_P(EngineRegistration, TheIdOfAFinishedOneIsGoodForNothingElse) {
  ASSERT_TRUE(client.Enroll().ok());
  const auto begun = client.Begin(1, {client.Element(1)});
  ASSERT_TRUE(begun.ok()) << begun.status();
  const RegistrationRequest finished = client.RegistrationOf(1, *begun);
  ASSERT_TRUE(client.Finish(finished).ok());
  ASSERT_TRUE(client.Activate(1).ok());
  const auto again = client.Finish(finished);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->changed) << "the very same is done already";
  RegistrationRequest other = finished;
  other.commitment = Bytes(32, 'd');
  EXPECT_EQ(FinishUnchanged(other), StatusCode::kFailedPrecondition);
  const auto deleted = Await<Ok>([&](auto done) {
    realm.engine().records().DeleteRecord(client.caller, "main",
                                          client.Sign(Operation::kDeleteRecord, RecordBody("main")), done);
  });
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(FinishUnchanged(finished), StatusCode::kFailedPrecondition)
      << "the key that was deleted would be there again, with guesses of its own";
  EXPECT_EQ(FinishUnchanged(other), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(client.Register(1).ok()) << "who begins anew has a key of his own";
}

TEST_P(EngineRegistration, UnsignedAndForeignSignedAreRefused) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto begun = client.Begin(2, {client.Element(1)});
  ASSERT_TRUE(begun.ok());
  const RegistrationRequest request = client.RegistrationOf(2, *begun);
  const auto before = realm.StoredRecord(client.name);
  const auto send = [&](RawSignature signature) {
    RegistrationRequest signed_request = request;
    signed_request.authorization = std::move(signature);
    return Await<Ok>([&](auto done) {
             realm.engine().registrations().FinishRegistration(client.caller, signed_request, done);
           })
        .status()
        .code();
  };
  const Bytes spki = request.unlock_key.Spki();
  const Bytes body =
      FinishRegistrationBody({request.record, request.version, request.registration_id, request.config,
                              request.commitment, spki, request.sealed_secret});
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  EXPECT_EQ(send({}), StatusCode::kPermissionDenied);
  EXPECT_EQ(send(client.SignWith(stranger, Operation::kFinishRegistration, body)),
            StatusCode::kPermissionDenied);
  RawSignature claims_to_be_the_device = client.SignWith(stranger, Operation::kFinishRegistration, body);
  claims_to_be_the_device.signer = client.device.public_key().DeviceId();
  EXPECT_EQ(send(claims_to_be_the_device), StatusCode::kPermissionDenied);
  EXPECT_EQ(send(client.Sign(Operation::kActivate, body)), StatusCode::kPermissionDenied);
  RawSignature pending_key = client.SignWith(client.unlock_key, Operation::kFinishRegistration, body);
  pending_key.signer = std::pair<std::string, uint32_t>("main", 2);
  EXPECT_EQ(send(pending_key), StatusCode::kPermissionDenied);
  EXPECT_EQ(realm.StoredRecord(client.name), before);
  RawSignature active_key = client.SignWith(client.unlock_key, Operation::kFinishRegistration, body);
  active_key.signer = std::pair<std::string, uint32_t>("main", 1);
  EXPECT_EQ(send(active_key), StatusCode::kOk);
}

TEST_P(EngineRegistration, FieldsAreChecked) {
  ASSERT_TRUE(client.Enroll().ok());
  const auto begun = client.Begin(1, {client.Element(1)});
  ASSERT_TRUE(begun.ok());
  const RegistrationRequest good = client.RegistrationOf(1, *begun);
  const auto spoiled = [&](auto spoil) {
    RegistrationRequest request = good;
    spoil(request);
    return FinishUnchanged(request);
  };
  EXPECT_EQ(spoiled([](auto& r) { r.config.push_back(0); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(spoiled([](auto& r) { r.config.resize(8193); }), StatusCode::kInvalidArgument);
  const Bytes elsewhere = OneRealmConfig(client.name, Bytes(16, 'e'), good.version, 10);
  EXPECT_EQ(spoiled([&](auto& r) { r.config = elsewhere; }), StatusCode::kInvalidArgument)
      << "not this realm";
  EXPECT_EQ(spoiled([](auto& r) { r.commitment.pop_back(); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(spoiled([](auto& r) { r.sealed_secret.resize(2049); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(spoiled([](auto& r) { r.sealed_secret.clear(); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(spoiled([](auto& r) { r.registration_id[0] ^= 1; }), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(client.Finish(good).ok());
  EXPECT_TRUE(client.Finish(good).ok());  // a repeat after a lost answer
}

TEST_P(EngineRegistration, PendingAndActiveAreBothUsableUntilActivation) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_EQ(RemainingOf(client.Guess(1)), 9);
  ASSERT_TRUE(client.Register(2).ok());
  EXPECT_EQ(RemainingOf(client.Evaluate(client.Element(1), 2)), 8);  // it began with the nine of version 1
  EXPECT_EQ(RemainingOf(client.Evaluate(client.Element(2), 1)), 7);
  const auto nonce = realm.StoredRecord(client.name)->Find(2)->nonce;
  ASSERT_TRUE(client.Activate(2).ok());
  EXPECT_EQ(client.Evaluate(client.Element(3), 1).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client.Remaining(), 7U);  // activating gives nothing back
  const Record stored = *realm.StoredRecord(client.name);
  ASSERT_EQ(stored.versions.size(), 1U);
  EXPECT_EQ(stored.versions[0].nonce, nonce);
}

TEST_P(EngineRegistration, ADestroyedRecordIsRegisteredAnew) {
  ASSERT_TRUE(client.SetUp(1).ok());
  ASSERT_EQ(RemainingOf(client.Guess(1)), 0);
  ASSERT_TRUE(IsDestroyed(client.Guess(2)));
  ASSERT_TRUE(client.Register(2, 5).ok());
  ASSERT_TRUE(client.Activate(2).ok());
  EXPECT_EQ(RemainingOf(client.Evaluate(client.Element(1), 2)), 4);
}

}  // namespace
}  // namespace labrec::recovery
