#include <atomic>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/client/status.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/client/world.h"

namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::Each;
using testing::HasSubstr;

// Registrations that meet faults, or each other.
class ClientRegistration : public ClientWorld {
 protected:
  // Calls of this name fail at the realm, without reaching it.
  void Refuse(size_t realm, const std::string& wanted) {
    proxy(realm).OnRequest([wanted](const std::string& rpc, const Message&) {
      if (rpc != wanted) return grpc::Status(grpc::Status::OK);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
    });
  }
  void BehaveAll() {
    for (size_t i = 0; i < kRealms; ++i) proxy(i).Behave();
  }
  absl::StatusOr<PinChange> ChangeTo(std::string_view new_pin, const RequestSigner* device = nullptr,
                                     Holders holders = Holders::kEveryRealm) {
    return ChangePin(alice(), {"default", 2}, holders, Secret(kRight), Secret(new_pin), device);
  }
  // "1 active", "2 pending, 1 active" ...
  std::string VersionsAt(size_t realm) {
    std::string text;
    const RecordStatus status = GetStatus(alice(), "default", 2);
    for (const VersionStatus& version : status.realms[realm].versions) {
      text += (text.empty() ? "" : ", ") + std::to_string(version.version) +
              (version.stage == OfferStage::kActive ? " active" : " pending");
    }
    return text;
  }
};

TEST_F(ClientRegistration, PendingAndActiveMixIsUsableAndFinished) {
  ASSERT_TRUE(SealAs(alice(), "old PIN", "old secret").ok());
  Refuse(1, "Activate");
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(Conditions(sealed->reports), "good pending good");
  EXPECT_EQ(VersionsAt(1), "2 pending, 1 active");
  BehaveAll();
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  EXPECT_EQ(VersionsAt(1), "2 active");
  EXPECT_EQ(Recovered("old PIN"), "wrong PIN");
}

TEST_F(ClientRegistration, PendingEverywhereCountsAndIsFinished) {
  ASSERT_TRUE(SealAs(alice(), "old PIN", "old secret").ok());
  for (size_t i = 0; i < kRealms; ++i) Refuse(i, "Activate");
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(Conditions(sealed->reports), "pending pending pending");
  BehaveAll();
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(VersionsAt(i), "2 active");
}

TEST_F(ClientRegistration, LostAnswersToFinishAndActivateAreAskedForAgain) {
  for (size_t i = 0; i < kRealms; ++i) {
    auto lost = std::make_shared<std::map<std::string, int>>();
    proxy(i).OnAnswer([lost](const std::string& rpc, Message&) {
      const bool lose = (rpc == "FinishRegistration" || rpc == "Activate") && (*lost)[rpc]++ == 0;
      return lose ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost") : grpc::Status(grpc::Status::OK);
    });
  }
  const auto sealed = SealAs(alice(), kRight, kSecret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(Conditions(sealed->reports), "good good good");
  EXPECT_EQ(sealed->version, 1U);
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
}

TEST_F(ClientRegistration, ChangingThePinChangesOnlyThePin) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret, 7).ok());
  const auto changed = ChangeTo("new PIN");
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_TRUE(std::holds_alternative<Sealed>(*changed));
  EXPECT_EQ(Conditions(std::get<Sealed>(*changed).reports), "good good good");
  EXPECT_THAT(Remaining(), Each(7U));
  EXPECT_EQ(Recovered(kRight), "wrong PIN");
  EXPECT_EQ(Recovered("new PIN"), std::string("secret: ") + kSecret);
}

TEST_F(ClientRegistration, AWrongOldPinChangesNothing) {
  ASSERT_TRUE(SealAs(alice(), "other PIN", kSecret).ok());
  const auto changed = ChangeTo("new PIN");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(std::holds_alternative<WrongPin>(*changed));
  EXPECT_EQ(Recovered("other PIN"), std::string("secret: ") + kSecret);
}

TEST_F(ClientRegistration, TheOldPinStaysGoodUntilEnoughHoldTheNewVersion) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  Refuse(0, "FinishRegistration");
  Refuse(2, "FinishRegistration");
  const auto changed = ChangeTo("new PIN");
  EXPECT_TRUE(IsTooFewRealms(changed.status())) << changed.status();
  EXPECT_EQ(VersionsAt(1), "2 pending, 1 active");
  BehaveAll();
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  // And trying again replaces what was left behind.
  ASSERT_TRUE(ChangeTo("new PIN").ok());
  EXPECT_EQ(Recovered("new PIN"), std::string("secret: ") + kSecret);
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(VersionsAt(i), "3 active");
}

TEST_F(ClientRegistration, WhatIsSealedWithoutARealmIsHeldByTheOthersOnly) {
  realm(2).Disconnect();
  const auto sealed = SealAs(alice(), kRight, kSecret, 10, Holders::kThreshold);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->holders, 2U);
  Reconnect(2);
  EXPECT_EQ(GetStatus(*NewClient(), "default", 2).holders, 2U);
}

// Chips give up what was begun long ago, so one slow realm must not hold up the others.
TEST_F(ClientRegistration, ARealmThatIsSlowToBeginIsNotWaitedForWithoutEnd) {
  std::promise<void> released;
  proxy(2).OnRequest([waiting = released.get_future().share()](const std::string& rpc, const Message&) {
    if (rpc == "BeginRegistration") waiting.wait();
    return grpc::Status::OK;
  });
  ClientOptions options;
  options.begin_limit = std::chrono::milliseconds(500);
  const auto client = NewClient(options);
  const auto strict = SealAs(*client, kRight, kSecret);
  EXPECT_TRUE(IsTooFewRealms(strict.status())) << strict.status();
  const auto sealed = SealAs(*client, kRight, kSecret, 10, Holders::kThreshold);
  released.set_value();
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(Conditions(sealed->reports), "good good late");
}

TEST_F(ClientRegistration, ARealmThatMissedAChangeIsOutdatedAndCatchesUp) {
  ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok());
  realm(2).Disconnect();
  EXPECT_TRUE(IsTooFewRealms(ChangeTo("new PIN").status()));
  const auto changed = ChangeTo("new PIN", nullptr, Holders::kThreshold);
  ASSERT_TRUE(changed.ok() && std::holds_alternative<Sealed>(*changed)) << changed.status();
  Reconnect(2);

  const auto outcome = RecoverAs(*NewClient(), "new PIN");
  ASSERT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(Conditions(std::get<client::Recovered>(*outcome).reports), "good good outdated");

  const auto caught_up = ChangePin(*NewClient(), {"default", 2}, Holders::kEveryRealm, Secret("new PIN"),
                                   Secret("newest PIN"), &phone());
  ASSERT_TRUE(caught_up.ok()) << caught_up.status();
  EXPECT_EQ(Conditions(std::get<Sealed>(*caught_up).reports), "good good good");
  EXPECT_EQ(Describe(RecoverAs(*NewClient(), "newest PIN")), std::string("secret: ") + kSecret);
}

TEST_F(ClientRegistration, ADeviceThatIsNotEnrolledCannotSeal) {
  SealRequest request;
  request.record = "default";
  request.argon.memory_kib = 1024;
  const auto sealed = Seal(alice(), request, Secret(kSecret), Secret(kRight), DeviceKey::Make());
  EXPECT_TRUE(absl::IsPermissionDenied(sealed.status())) << sealed.status();
  EXPECT_EQ(Recovered(kRight), "not registered");
}

TEST_F(ClientRegistration, ParametersOutOfRangeAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(SealAs(alice(), kRight, "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealAs(alice(), kRight, std::string(1025, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealAs(alice(), "", kSecret).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealAs(alice(), kRight, kSecret, 21).status()));
  EXPECT_EQ(proxy(0).calls("BeginRegistration"), 0);
  EXPECT_TRUE(SealAs(alice(), kRight, std::string(1024, 'x'), 20).ok());
  EXPECT_EQ(Recovered(kRight), "secret: " + std::string(1024, 'x'));
}

// Its tokens are for the realm that the list names, so the realm that answers refuses them and says its id;
// and what needs no token says what to mend.
TEST_F(ClientRegistration, AWrongRealmIdInTheListIsSaid) {
  RealmSet mixed("chat", "alice");
  for (size_t i = 0; i < kRealms; ++i) {
    RealmAddress address = realm(i).address();
    if (i == 1) address.id = Bytes(16, 9);
    const std::string token =
        IssueToken(token_key(), {"chat", "alice", Hex(address.id), SystemClock().NowMillis() / 1000, 600});
    ASSERT_TRUE(mixed.Add(address, token).ok());
  }
  const auto sealed = SealAs(mixed, kRight, kSecret);
  EXPECT_TRUE(absl::IsUnauthenticated(sealed.status())) << sealed.status();
  EXPECT_THAT(std::string(sealed.status().message()), HasSubstr(Hex(realm(1).address().id)));
  const RecordStatus status = GetStatus(mixed, "default", 2);
  EXPECT_EQ(status.realms[1].report.condition, RealmCondition::kFaulty);
  EXPECT_THAT(std::string(status.realms[1].report.error.message()), HasSubstr("correct the realm list"));
}

// One client is held up between Begin and Finish while another one seals: it notices, and seals over it.
TEST_F(ClientRegistration, AClientThatWasOvertakenTriesAgain) {
  std::atomic<bool> overtaken = false;
  for (size_t i = 0; i < kRealms; ++i) {
    proxy(i).OnRequest([&](const std::string&, const Message& request) {
      const auto* finish = dynamic_cast<const v1::FinishRegistrationRequest*>(&request);
      if (finish == nullptr || finish->version() != 1 || overtaken.exchange(true))
        return grpc::Status(grpc::Status::OK);
      EXPECT_TRUE(SealAs(*NewClient(), "two", "secret two").ok());
      return grpc::Status(grpc::Status::OK);
    });
  }
  const auto sealed = SealAs(alice(), "one", "secret one");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_TRUE(overtaken);
  EXPECT_GT(sealed->version, 1U);
  EXPECT_EQ(Recovered("one"), "secret: secret one");
}

// Whoever comes last wins, at all realms alike; nobody is left with a record that cannot be recovered.
TEST_F(ClientRegistration, TwoClientsSealAtTheSameTime) {
  for (int round = 0; round < 3; ++round) {
    const auto one = NewClient();
    const auto two = NewClient();
    absl::StatusOr<Sealed> first, second;
    std::thread other([&] { second = SealAs(*two, "two", "secret two"); });
    first = SealAs(*one, "one", "secret one");
    other.join();
    EXPECT_TRUE(first.ok() || second.ok()) << first.status() << second.status();
    const std::string with_one = Recovered("one");
    const std::string with_two = Recovered("two");
    EXPECT_TRUE((with_one == "secret: secret one") != (with_two == "secret: secret two"))
        << with_one << " / " << with_two;
    EXPECT_TRUE(second.ok() || with_one == "secret: secret one") << with_one;
    EXPECT_TRUE(first.ok() || with_two == "secret: secret two") << with_two;
  }
}

}  // namespace
}  // namespace labrec::recovery::client
