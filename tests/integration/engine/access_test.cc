#include <gtest/gtest.h>

#include "tests/integration/engine/client.h"

// Devices, challenges, floors, deletion, and storage that was edited.
namespace labrec::recovery {
namespace {

using absl::StatusCode;
using test::SimulatorKind;

class EngineAccess : public testing::TestWithParam<SimulatorKind> {
 protected:
  Caller Operator() const {
    return {client.caller.tenant, client.caller.account, true, client.caller.deadline};
  }
  absl::StatusOr<Ok> Revoke(const RawSignature& signature) {
    return Await<Ok>([&](auto done) {
      realm.engine().devices().RevokeDevice(client.caller, client.device.public_key().DeviceId(), signature,
                                            done);
    });
  }
  size_t DeviceCount() {
    return Await<Account>([&](auto done) { realm.engine().devices().ListDevices(client.caller, done); })
        ->devices.size();
  }
  EngineRealm realm{GetParam()};
  EngineClient client{realm};
};
INSTANTIATE_TEST_SUITE_P(Device, EngineAccess,
                         testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(EngineAccess, FirstDeviceOnceAndIdempotent) {
  const auto first = client.Enroll();
  const auto again = client.Enroll();
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_TRUE(first->changed);
  EXPECT_FALSE(again->changed) << "it was enrolled already";
  EngineClient thief(realm);  // the same account, another key, and only a token
  EXPECT_EQ(thief.Enroll().status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(DeviceCount(), 1U);
}

TEST_P(EngineAccess, EnrollingTakesTheNewKeysProof) {
  const EcdsaPrivateKey other = EcdsaPrivateKey::Generate();
  const RawSignature proof = client.SignWith(other, Operation::kEnrollDevice,
                                             EnrollDeviceBody(client.device.public_key().Spki(), "phone"));
  const auto answer = Await<Enrollment>([&](auto done) {
    realm.engine().devices().EnrollDevice(client.caller, client.device.public_key(), "phone", proof.challenge,
                                          proof.signature, std::nullopt, done);
  });
  EXPECT_EQ(answer.status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(DeviceCount(), 0U);
}

TEST_P(EngineAccess, SecondDeviceByTheFirstOnesSignature) {
  ASSERT_TRUE(client.Enroll().ok());
  const EcdsaPrivateKey laptop = EcdsaPrivateKey::Generate();
  const Bytes body = EnrollDeviceBody(laptop.public_key().Spki(), "laptop");
  const Challenge challenge = *realm.engine().NewChallenge(client.caller);
  const Bytes message = RequestBytes({realm.realm_id(), client.caller.tenant, client.caller.account},
                                     Operation::kEnrollDevice, challenge, body);
  const auto enroll = [&](const EcdsaPrivateKey& signer) {
    const RawSignature authorization{ToBytes(challenge), client.device.public_key().DeviceId(),
                                     ToBytes(signer.Sign(message))};
    return Await<Enrollment>([&](auto done) {
      realm.engine().devices().EnrollDevice(client.caller, laptop.public_key(), "laptop", ToBytes(challenge),
                                            ToBytes(laptop.Sign(message)), authorization, done);
    });
  };
  EXPECT_TRUE(enroll(client.device).ok());
  EXPECT_EQ(DeviceCount(), 2U);
  EXPECT_EQ(enroll(client.device).status().code(),
            StatusCode::kPermissionDenied);  // the challenge is used up
}

TEST_P(EngineAccess, ARevokedDeviceSignsNothingMore) {
  ASSERT_TRUE(client.SetUp().ok());
  const Bytes body = RevokeDeviceBody(client.device.public_key().DeviceId());
  const RawSignature early = client.Sign(Operation::kRevokeDevice, body);
  ASSERT_TRUE(Revoke(client.Sign(Operation::kRevokeDevice, body)).ok());
  EXPECT_EQ(Revoke(early).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(client.RaiseFloor(1, 1).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(client.Enroll().status().code(),
            StatusCode::kPermissionDenied);  // a token is not enough any more
}

TEST_P(EngineAccess, ChallengesAreGoodOnceAndForTheirAccountOnly) {
  ASSERT_TRUE(client.SetUp().ok());
  const RawSignature floor = client.Sign(Operation::kGetFloor, RecordBody("main"));
  const auto get_floor = [&](const Caller& caller, const RawSignature& signature) {
    return Await<std::optional<EpochFloor>>(
               [&](auto done) { realm.engine().records().GetFloor(caller, "main", signature, done); })
        .status()
        .code();
  };
  EXPECT_EQ(get_floor(client.caller, floor), StatusCode::kOk);
  EXPECT_EQ(get_floor(client.caller, floor), StatusCode::kPermissionDenied);

  EngineClient other(realm, "bob");
  RawSignature foreign = client.Sign(Operation::kGetFloor, RecordBody("main"));
  EXPECT_EQ(get_floor(other.caller, foreign), StatusCode::kPermissionDenied);
  EXPECT_EQ(get_floor(client.caller, foreign), StatusCode::kPermissionDenied);  // that used it up
}

TEST_P(EngineAccess, UnlockTakesItsOwnKindOfChallenge) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto code = [&](const Challenge& challenge) { return client.Unlock(challenge).status().code(); };
  const Challenge challenge = *client.BeginUnlock();
  EXPECT_EQ(code(challenge), StatusCode::kOk);
  EXPECT_EQ(code(challenge), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(*client.BeginUnlock(2)), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(*realm.engine().NewChallenge(client.caller)), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(Challenge{}), StatusCode::kPermissionDenied);
  client.unlock_key = EcdsaPrivateKey::Generate();
  EXPECT_EQ(code(*client.BeginUnlock()), StatusCode::kPermissionDenied);
}

TEST_P(EngineAccess, AWrongUnlockRefillsNothing) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto answer = client.Guess(1);
  ASSERT_EQ(RemainingOf(answer), 9);
  client.unlock_key = EcdsaPrivateKey::Generate();
  EXPECT_EQ(client.Unlock(std::get<Evaluated>(*answer).challenge).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(client.Remaining(), 9U);
}

TEST_P(EngineAccess, FloorIsNeverLowered) {
  ASSERT_TRUE(client.SetUp().ok());
  EXPECT_TRUE(client.RaiseFloor(5, 1).ok());
  EXPECT_EQ(client.RaiseFloor(4, 1).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(client.RaiseFloor(5, 2).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(client.RaiseFloor(5, 1).ok());
  const auto floor = client.GetFloor();
  ASSERT_TRUE(floor.ok() && *floor);
  EXPECT_EQ((*floor)->sequence, 5U);
  const Bytes message =
      RequestBytes({realm.realm_id(), client.caller.tenant, client.caller.account}, Operation::kRaiseFloor,
                   (*floor)->challenge, RaiseFloorBody("main", 5, (*floor)->digest));
  EXPECT_TRUE((*floor)->device.Verify(message, (*floor)->signature));
}

TEST_P(EngineAccess, OnlySignaturesAndTheOperatorDelete) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto remove = [&](const Caller& caller, const std::optional<RawSignature>& signature) {
    return Await<Ok>(
               [&](auto done) { realm.engine().records().DeleteRecord(caller, "main", signature, done); })
        .status()
        .code();
  };
  EXPECT_EQ(remove(client.caller, std::nullopt), StatusCode::kPermissionDenied);
  RawSignature forged =
      client.SignWith(EcdsaPrivateKey::Generate(), Operation::kDeleteRecord, RecordBody("main"));
  forged.signer = client.device.public_key().DeviceId();
  EXPECT_EQ(remove(client.caller, forged), StatusCode::kPermissionDenied);
  RawSignature forged_unlock = client.SignWith(client.device, Operation::kDeleteRecord, RecordBody("main"));
  forged_unlock.signer = std::pair<std::string, uint32_t>("main", 1);
  EXPECT_EQ(remove(client.caller, forged_unlock), StatusCode::kPermissionDenied);
  EXPECT_TRUE(client.View()->registered);
  EXPECT_EQ(remove(client.caller, client.Sign(Operation::kDeleteRecord, RecordBody("main"))),
            StatusCode::kOk);
  EXPECT_FALSE(realm.StoredRecord(client.name).has_value());
  ASSERT_TRUE(client.Register(1).ok());
  EXPECT_EQ(remove(Operator(), std::nullopt), StatusCode::kOk);
  EXPECT_EQ(remove(Operator(), std::nullopt), StatusCode::kNotFound);
}

TEST_P(EngineAccess, OnlyTheOperatorEnrollsWithoutProof) {
  const auto enroll = [&](const Caller& caller) {
    return Await<Enrollment>([&](auto done) {
             realm.engine().devices().EnrollDeviceAsOperator(caller, client.device.public_key(), "by hand",
                                                             done);
           })
        .status()
        .code();
  };
  EXPECT_EQ(enroll(client.caller), StatusCode::kPermissionDenied);
  EXPECT_EQ(enroll(Operator()), StatusCode::kOk);
  EXPECT_EQ(DeviceCount(), 1U);
}

TEST_P(EngineAccess, AnEditedRowIsRefusedAndOthersGoOn) {
  ASSERT_TRUE(client.SetUp().ok());
  EngineClient other(realm, "bob");
  ASSERT_TRUE(other.SetUp().ok());
  realm.EditStoredRecord(client.name);
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9) << "it is in memory as the ledger knows it";
  realm.Restart();
  realm.EditStoredRecord(client.name);
  EXPECT_EQ(client.Guess(2).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(client.View().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(RemainingOf(other.Guess(1)), 9);
  EXPECT_EQ(realm.fatal_calls(), 0);
}

TEST(EngineFirstDevice, ByTheOperatorWherePolicySaysSo) {
  EngineOptions options;
  options.first_device = FirstDevicePolicy::kAdmin;
  EngineRealm realm(SimulatorKind::kSwtpm, options);
  EngineClient client(realm);
  EXPECT_EQ(client.Enroll().status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace labrec::recovery
