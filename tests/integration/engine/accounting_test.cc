#include <gtest/gtest.h>

#include "recovery/api/limits.h"
#include "tests/integration/engine/client.h"

// Who may spend guesses, and who gives them back, on the real engine: the audit's attacks, and what
// registering and revoking leave behind. Every sequence of requests to the rules themselves: tests/explorer.
namespace labrec::recovery {
namespace {

using absl::StatusCode;

class EngineAccounting : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  // The version's own unlock key signs, as a client does after it registered.
  absl::StatusOr<Ok> ActivateByOwnKey(EngineClient& who, uint32_t version) {
    RawSignature signature =
        who.SignWith(who.unlock_key, Operation::kActivate, ActivateBody(who.name.record, version));
    signature.signer = std::pair(who.name.record, version);
    return Await<Ok>([&](auto done) {
      realm.engine().registrations().Activate(who.caller, who.name.record, version, signature, done);
    });
  }
  // Enrols the thief's device, by the owner's: a phone that was stolen unlocked.
  absl::StatusOr<Enrollment> EnrolThief() {
    const Bytes body = EnrollDeviceBody(thief.device.public_key().Spki(), "stolen");
    const RawSignature proof = thief.Sign(Operation::kEnrollDevice, body);
    const Bytes message = RequestBytes({realm.realm_id(), owner.caller.tenant, owner.caller.account},
                                       Operation::kEnrollDevice, proof.challenge, body);
    const RawSignature by_owner{proof.challenge, owner.device.public_key().DeviceId(),
                                ToBytes(owner.device.Sign(message))};
    return Await<Enrollment>([&](auto done) {
      realm.engine().devices().EnrollDevice(thief.caller, thief.device.public_key(), "stolen",
                                            proof.challenge, proof.signature, by_owner, done);
    });
  }
  absl::StatusOr<Ok> RevokeThief() {
    const DeviceId id = thief.device.public_key().DeviceId();
    const RawSignature signature = owner.Sign(Operation::kRevokeDevice, RevokeDeviceBody(id));
    return Await<Ok>(
        [&](auto done) { realm.engine().devices().RevokeDevice(owner.caller, id, signature, done); });
  }
  Account Listed() {
    return *Await<Account>([&](auto done) { realm.engine().devices().ListDevices(owner.caller, done); });
  }
  // Whether a new element of the version was answered.
  bool IsAnswered(uint32_t version) {
    return RemainingOf(thief.Evaluate(thief.Element(++elements_), version)) >= 0;
  }

  EngineRealm realm{GetParam()};
  EngineClient owner{realm};
  EngineClient thief{realm};  // a token of the same account, keys of its own

 private:
  uint32_t elements_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Device, EngineAccounting,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

// The owner seals anew as every client does; the thief has nothing but a token, and guesses at the pending
// version before the owner activates it, and afterwards.
TEST_P(EngineAccounting, AReSealGivesAStrangerWithATokenNoGuess) {
  constexpr uint32_t kLimit = 3;
  ASSERT_TRUE(owner.SetUp(kLimit).ok());
  ASSERT_TRUE(owner.Register(2, kLimit).ok());
  for (uint32_t guess = 0; guess < kLimit; ++guess) EXPECT_TRUE(IsAnswered(2));
  ASSERT_TRUE(ActivateByOwnKey(owner, 2).ok());
  EXPECT_FALSE(IsAnswered(2)) << "one more than the limit was answered";
}

// The owner does nothing; the thief's device registers versions whose keys it has, and succeeds with them.
TEST_P(EngineAccounting, ATokenAndADeviceGiveNoGuessBack) {
  constexpr uint32_t kLimit = 2;
  ASSERT_TRUE(owner.SetUp(kLimit).ok());
  ASSERT_TRUE(EnrolThief().ok());
  uint32_t answered = 0;
  for (uint32_t version = 2; version < 10; ++version) {
    answered += IsAnswered(1) ? 1 : 0;
    ASSERT_TRUE(thief.Register(version, kMostGuesses).ok());
    const auto challenge = thief.BeginUnlock(version);
    ASSERT_TRUE(challenge.ok());
    ASSERT_TRUE(std::holds_alternative<Unlocked>(*thief.Unlock(*challenge, version)));
  }
  EXPECT_EQ(answered, kLimit);
}

TEST_P(EngineAccounting, ASpentVersionGoesAloneAndSaysSo) {
  ASSERT_TRUE(owner.SetUp(5).ok());
  ASSERT_TRUE(owner.Register(2, 1).ok());
  EXPECT_EQ(RemainingOf(owner.Evaluate(owner.Element(1), 2)), 0);
  EXPECT_EQ(owner.Evaluate(owner.Element(2), 2).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(realm.StoredRecord(owner.name)->Find(2), nullptr);
  EXPECT_EQ(RemainingOf(owner.Evaluate(owner.Element(3), 1)), 3);
  const RecordView view = *owner.View();
  ASSERT_EQ(view.record.versions.size(), 1U);
  EXPECT_EQ(view.record.versions[0].left(), 3U);
  EXPECT_EQ(view.record.versions[0].registered_by, owner.device.public_key().DeviceId());
}

TEST_P(EngineAccounting, BeginningLeavesNothingBehind) {
  ASSERT_TRUE(owner.SetUp().ok());
  const auto before = realm.StoredRecord(owner.name);
  const uint64_t epoch = realm.engine().status().epoch;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(thief.Begin(2, {thief.Element(1)}).ok());
    thief.name.record = "junk" + std::to_string(i);
    ASSERT_TRUE(thief.Begin(1, {thief.Element(1)}).ok());
    thief.name.record = owner.name.record;
  }
  EXPECT_EQ(realm.StoredRecord(owner.name), before);
  EXPECT_EQ(realm.engine().status().epoch, epoch) << "nothing was anchored";
  EXPECT_EQ(Listed().records, std::vector<std::string>{"main"});
  owner.name.record = "second";
  EXPECT_TRUE(owner.Register(1).ok());
}

TEST_P(EngineAccounting, ARegistrationIsFinishedInTheRunThatBeganIt) {
  ASSERT_TRUE(owner.Enroll().ok());
  const auto begun = owner.Begin(1, {owner.Element(1)});
  ASSERT_TRUE(begun.ok());
  realm.Restart();
  const absl::StatusOr<Ok> finished = owner.Finish(owner.RegistrationOf(1, *begun));
  EXPECT_EQ(finished.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(finished.status().message().find("begin again"), absl::string_view::npos);
  ASSERT_TRUE(owner.Register(1).ok());
}

TEST_P(EngineAccounting, RevokingADeviceTakesWhatItRegisteredEverywhere) {
  ASSERT_TRUE(owner.SetUp().ok());
  ASSERT_TRUE(EnrolThief().ok());
  ASSERT_TRUE(thief.Register(2).ok());
  for (const char* record : {"x", "y"}) {
    thief.name.record = record;
    ASSERT_TRUE(thief.Register(1).ok());
  }
  ASSERT_TRUE(thief.Activate(1).ok());  // of y: nobody can tell it from what an old phone sealed
  EXPECT_EQ(Listed().records, (std::vector<std::string>{"main", "x", "y"}));
  const uint64_t epoch = realm.engine().status().epoch;
  ASSERT_TRUE(RevokeThief().ok());
  EXPECT_EQ(realm.engine().status().epoch, epoch + 1) << "in one batch";
  EXPECT_EQ(Listed().records, (std::vector<std::string>{"main", "y"}));
  EXPECT_EQ(Listed().devices.size(), 1U);
  EXPECT_EQ(realm.StoredRecord(owner.name)->Find(2), nullptr);
  EXPECT_EQ(realm.StoredRecord(owner.name)->Find(1)->stage, Stage::kActive);
  EXPECT_EQ(realm.StoredRecord({"tenant", "alice", "x"}), std::nullopt);
}

TEST_P(EngineAccounting, APendingVersionsKeySpeaksForNothingElse) {
  ASSERT_TRUE(owner.SetUp().ok());
  ASSERT_TRUE(EnrolThief().ok());
  ASSERT_TRUE(thief.Register(2).ok());
  const DeviceId id = owner.device.public_key().DeviceId();
  RawSignature signature = thief.SignWith(thief.unlock_key, Operation::kRevokeDevice, RevokeDeviceBody(id));
  signature.signer = std::pair(owner.name.record, 2U);
  EXPECT_EQ(
      Await<Ok>([&](auto done) { realm.engine().devices().RevokeDevice(thief.caller, id, signature, done); })
          .status()
          .code(),
      StatusCode::kPermissionDenied);
  EXPECT_TRUE(ActivateByOwnKey(thief, 2).ok());
}

}  // namespace
}  // namespace labrec::recovery
