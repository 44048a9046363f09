#include "recovery/record/rules/devices.h"

#include <gtest/gtest.h>

#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

absl::StatusOr<Account> Enroll(const std::optional<Account>& row, const EcdsaPrivateKey& key,
                               Authority authority, FirstDevicePolicy policy = FirstDevicePolicy::kOpen,
                               const std::optional<Record>& unlocked = std::nullopt) {
  return ApplyEnroll({kName, row, unlocked, policy},
                     EnrollDevice{key.public_key(), "laptop", std::move(authority)}, 77);
}

TEST(Enroll, FirstDeviceOfATokenHolder) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const auto account = Enroll(std::nullopt, key, ByTokenHolder{});
  ASSERT_TRUE(account.ok()) << account.status();
  const EnrolledDevice expected{key.public_key().DeviceId(), key.public_key(), "laptop", 77,
                                EnrolledBy::kFirst};
  EXPECT_EQ(*account, (Account{"tenant", "alice", {expected}, {}}));
}

TEST(Enroll, FirstDeviceNeedsTheOperatorWherePolicySaysSo) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  EXPECT_EQ(Enroll(std::nullopt, key, ByTokenHolder{}, FirstDevicePolicy::kAdmin).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const auto account = Enroll(std::nullopt, key, ByOperator{}, FirstDevicePolicy::kAdmin);
  ASSERT_TRUE(account.ok());
  EXPECT_EQ(account->devices[0].enrolled_by, EnrolledBy::kAdmin);
}

TEST(Enroll, FirstDeviceThatItsPlatformVouchesFor) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const auto code = [&key](FirstDevicePolicy policy, Authority authority) {
    return Enroll(std::nullopt, key, std::move(authority), policy).status().code();
  };
  EXPECT_EQ(code(FirstDevicePolicy::kToken, ByTokenHolder{}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(FirstDevicePolicy::kToken, ByOperator{}), absl::StatusCode::kOk);
  EXPECT_EQ(code(FirstDevicePolicy::kAnotherKey, ByTokenHolder{}), absl::StatusCode::kPermissionDenied);
  // What is enrolled is enrolled, whatever the token says: a lost answer may be asked for again.
  const Registered known;
  EXPECT_TRUE(Enroll(known.account, known.device, ByTokenHolder{}, FirstDevicePolicy::kAnotherKey).ok());
}

TEST(Enroll, AnAccountThatLostItsLastDeviceIsNotNew) {
  const Registered known;
  const auto empty = ApplyRevoke(known.account, std::nullopt,
                                 RevokeDevice{known.device.public_key().DeviceId(), AsDevice(known.device)});
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->devices.empty());
  EXPECT_EQ(Enroll(*empty, EcdsaPrivateKey::Generate(), ByTokenHolder{}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Enroll(*empty, known.device, ByTokenHolder{}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(Enroll, SecondDeviceByEachAuthority) {
  const Registered known;
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  struct Case {
    Authority authority;
    std::optional<EnrolledBy> by;
  };
  const Case cases[] = {
      {ByTokenHolder{}, std::nullopt},
      {ByOperator{}, EnrolledBy::kAdmin},
      {AsDevice(known.device), EnrolledBy::kDevice},
      {AsDevice(key), std::nullopt},                                                // not enrolled
      {ByDevice{known.device.public_key().DeviceId(), Signed(key)}, std::nullopt},  // foreign key
      {AsUnlockKey(known.unlock, 1), EnrolledBy::kRecovery},
      {AsUnlockKey(known.unlock, 2), std::nullopt},                   // no such version
      {AsUnlockKey(key, 1), std::nullopt},                            // foreign key
      {ByUnlockKey{"other", 1, Signed(known.unlock)}, std::nullopt},  // other record
  };
  for (size_t i = 0; i < std::size(cases); ++i) {
    const auto account =
        Enroll(known.account, key, cases[i].authority, FirstDevicePolicy::kOpen, known.record);
    ASSERT_EQ(account.ok(), cases[i].by.has_value()) << i;
    if (!account.ok()) {
      EXPECT_EQ(account.status().code(), absl::StatusCode::kPermissionDenied) << i;
      continue;
    }
    ASSERT_EQ(account->devices.size(), 2U) << i;
    EXPECT_EQ(account->devices[1].enrolled_by, *cases[i].by) << i;
  }
}

TEST(Enroll, SameKeyAgainChangesNothing) {
  const Registered known;
  for (const Authority& authority : {Authority{ByTokenHolder{}}, Authority{AsDevice(known.device)}}) {
    const auto again = Enroll(known.account, known.device, authority);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, *known.account);
  }
}

TEST(Enroll, ThirtyTwoDevicesAtMost) {
  const Registered known;
  std::optional<Account> account = known.account;
  for (int i = 1; i < 32; ++i) {
    account = *Enroll(account, EcdsaPrivateKey::Generate(), AsDevice(known.device));
  }
  EXPECT_EQ(Enroll(account, EcdsaPrivateKey::Generate(), AsDevice(known.device)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(Revoke, ByEachAuthority) {
  const Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  const DeviceId id = known.device.public_key().DeviceId();
  const auto revoke = [&](Authority authority) {
    return ApplyRevoke(known.account, known.record, RevokeDevice{id, std::move(authority)});
  };
  for (const Authority& good : {Authority{ByOperator{}}, Authority{AsDevice(known.device)},
                                Authority{AsUnlockKey(known.unlock, 1)}}) {
    const auto account = revoke(good);
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_TRUE(account->devices.empty());
    EXPECT_EQ(account->records, known.account->records);
  }
  for (const Authority& bad :
       {Authority{ByTokenHolder{}}, Authority{AsDevice(stranger)}, Authority{AsUnlockKey(stranger, 1)}}) {
    EXPECT_EQ(revoke(bad).status().code(), absl::StatusCode::kPermissionDenied);
  }
}

TEST(Account, APendingVersionsKeyDoesNotSpeakForIt) {
  Registered known;
  const EcdsaPrivateKey pending = EcdsaPrivateKey::Generate();
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, pending.public_key(), AsDevice(known.device))));
  const RevokeDevice revoke{known.device.public_key().DeviceId(), AsUnlockKey(pending, 2)};
  const auto codes = [&] {
    return std::pair(
        Enroll(known.account, pending, AsUnlockKey(pending, 2), FirstDevicePolicy::kOpen, known.record)
            .status()
            .code(),
        ApplyRevoke(known.account, known.record, revoke).status().code());
  };
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_EQ(codes(), std::pair(kDenied, kDenied));
  known.record = *ApplyActivate(known.account, known.record, Activate{2, AsUnlockKey(pending, 2)});
  EXPECT_EQ(codes(), std::pair(absl::StatusCode::kOk, absl::StatusCode::kOk));
}

TEST(Revoke, UnknownDevice) {
  const Registered known;
  const RevokeDevice request{DeviceId{1, 2, 3}, AsDevice(known.device)};
  EXPECT_EQ(ApplyRevoke(known.account, std::nullopt, request).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ApplyRevoke(std::nullopt, std::nullopt, RevokeDevice{{}, ByOperator{}}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace labrec::recovery
