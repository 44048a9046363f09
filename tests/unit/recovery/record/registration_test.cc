#include <gtest/gtest.h>

#include "recovery/record/deletion.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;

TEST(Begin, NeedsAnAccountThatHadADevice) {
  EXPECT_EQ(ApplyBegin(std::nullopt, std::nullopt, kName, BeginOf(1, 1)).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(Begin, ListsTheRecordOnce) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  EXPECT_EQ(known.account->records, std::vector<std::string>{"main"});
}

TEST(Begin, TakesOneOrTwoElements) {
  const Registered known;
  for (const uint32_t elements : {0U, 3U}) {
    BeginRegistration request = BeginOf(2, 2);
    request.elements = elements;
    EXPECT_EQ(ApplyBegin(known.account, known.record, kName, request).status().code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(Begin, VersionMustBeAboveEveryFinishedOne) {
  Registered known;
  EXPECT_EQ(ApplyBegin(known.account, known.record, kName, BeginOf(1, 2)).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(ApplyBegin(known.account, std::nullopt, kName, BeginOf(0, 2)).status().code(),
            StatusCode::kFailedPrecondition);
  // A version that was only begun takes no numbers away.
  known.Begin(BeginOf(UINT32_MAX, 2));
  known.Begin(BeginOf(2, 3));
  EXPECT_EQ(known.record->highest_version, 1U);
}

TEST(Begin, ReplacesTheBegunVersionAndItsNonce) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  known.Begin(BeginOf(2, 3));
  ASSERT_EQ(known.record->versions.size(), 2U);
  EXPECT_EQ(known.record->Find(2)->nonce, BeginOf(2, 3).nonce);
  EXPECT_EQ(ApplyFinish(known.account, known.record,
                        FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device)))
                .status()
                .code(),
            StatusCode::kFailedPrecondition);
}

TEST(Begin, SixteenRecordsAtMost) {
  Registered known;
  for (int i = 0; i < 15; ++i) {
    const RecordName name{"tenant", "alice", "r" + std::to_string(i)};
    known.account = ApplyBegin(known.account, std::nullopt, name, BeginOf(1, 1))->account;
  }
  EXPECT_EQ(
      ApplyBegin(known.account, std::nullopt, {"tenant", "alice", "one-more"}, BeginOf(1, 1)).status().code(),
      StatusCode::kResourceExhausted);
}

TEST(Begin, ABegunVersionIsNotUsable) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  EXPECT_EQ(ApplyGuess(known.record, CountGuess{2, Element(1)}, 0, {}).status().code(),
            StatusCode::kNotFound);
  const BegunRows fresh = *ApplyBegin(known.account, std::nullopt, kName, BeginOf(1, 1));
  EXPECT_EQ(ApplyGuess(fresh.record, CountGuess{1, Element(1)}, 0, {})->outcome,
            GuessOutcome{NotRegistered{}});
}

TEST(Finish, NeedsADeviceOrAnUnlockKey) {
  Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  known.Begin(BeginOf(2, 2));
  const auto finish = [&](Authority authority) {
    return ApplyFinish(known.account, known.record,
                       FinishOf(BeginOf(2, 2), stranger.public_key(), std::move(authority)));
  };
  for (const Authority& bad :
       {Authority{ByTokenHolder{}}, Authority{ByOperator{}}, Authority{AsDevice(stranger)},
        Authority{AsUnlockKey(stranger, 1)}, Authority{AsUnlockKey(stranger, 2)}}) {
    EXPECT_EQ(finish(bad).status().code(), StatusCode::kPermissionDenied);
  }
  EXPECT_TRUE(finish(AsDevice(known.device)).ok());
  EXPECT_TRUE(finish(AsUnlockKey(known.unlock, 1)).ok());
}

TEST(Finish, PendingStandsBesideActiveAndReplacesPending) {
  Registered known;
  for (const uint8_t version : {uint8_t{2}, uint8_t{3}}) {
    known.Begin(BeginOf(version, version));
    known.record =
        *ApplyFinish(known.account, known.record,
                     FinishOf(BeginOf(version, version), known.unlock.public_key(), AsDevice(known.device)));
  }
  ASSERT_EQ(known.record->versions.size(), 2U);
  EXPECT_EQ(known.record->Find(1)->stage, Stage::kActive);
  EXPECT_EQ(known.record->Find(3)->stage, Stage::kPending);
  EXPECT_EQ(known.record->highest_version, 3U);
}

TEST(Finish, AgainChangesNothing) {
  Registered known;
  const FinishRegistration request =
      FinishOf(BeginOf(1, 1), known.unlock.public_key(), AsDevice(known.device));
  const auto again = ApplyFinish(known.account, known.record, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *known.record);
  FinishRegistration other = request;
  other.commitment = Bytes(32, 8);
  EXPECT_EQ(ApplyFinish(known.account, known.record, other).status().code(), StatusCode::kFailedPrecondition);
}

TEST(Finish, AddsNoGuesses) {
  Registered known(3);
  known.Guess(1, 1);
  known.Guess(1, 2);
  known.Begin(BeginOf(2, 2));
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device), 3));
  EXPECT_EQ(known.record->remaining(), 1U);
  EXPECT_EQ(known.Guess(2, 3), (GuessOutcome{MayEvaluate{Counting::kCounted, 0}}));
  EXPECT_EQ(known.Guess(1, 4), GuessOutcome{Destroyed{}});
}

TEST(Activate, ErasesOlderVersions) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device)));
  known.Begin(BeginOf(3, 3));
  known.record = *ApplyActivate(known.account, known.record, Activate{2, AsDevice(known.device)});
  EXPECT_EQ(known.record->Find(1), nullptr);
  EXPECT_EQ(known.record->Find(2)->stage, Stage::kActive);
  EXPECT_EQ(known.record->Find(3)->stage, Stage::kBegun);
}

TEST(Activate, ByADeviceCarriesTheGuessesOnThatVersion) {
  Registered known;
  known.Guess(1, 1);
  known.Begin(BeginOf(2, 2));
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device)));
  known.Guess(2, 2);
  known.Guess(2, 3);
  Record by_unlock = *ApplyActivate(known.account, known.record, Activate{2, AsUnlockKey(known.unlock, 1)});
  EXPECT_EQ(by_unlock.remaining(), 10U);
  Record by_device = *ApplyActivate(known.account, known.record, Activate{2, AsDevice(known.device)});
  EXPECT_EQ(by_device.remaining(), 8U);
}

TEST(Activate, OfTheActiveVersionRefillsNothing) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device)));
  known.Guess(1, 1);
  known.Guess(2, 2);
  const Record before = *known.record;
  EXPECT_EQ(*ApplyActivate(known.account, known.record, Activate{1, AsDevice(known.device)}), before);
  EXPECT_EQ(*ApplyActivate(known.account, known.record, Activate{1, AsUnlockKey(known.unlock, 1)}), before);
}

TEST(Activate, Refusals) {
  Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  known.Begin(BeginOf(2, 2));
  const auto code = [&](uint32_t version, Authority authority) {
    return ApplyActivate(known.account, known.record, Activate{version, std::move(authority)})
        .status()
        .code();
  };
  EXPECT_EQ(code(2, AsDevice(known.device)), StatusCode::kNotFound);  // begun only
  EXPECT_EQ(code(9, AsDevice(known.device)), StatusCode::kNotFound);
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), stranger.public_key(), AsDevice(known.device)));
  EXPECT_EQ(code(2, ByTokenHolder{}), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(2, ByOperator{}), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(2, AsDevice(stranger)), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(1, AsUnlockKey(stranger, 2)),
            StatusCode::kPermissionDenied);  // pending's key, other version
  EXPECT_EQ(code(2, AsUnlockKey(stranger, 2)), StatusCode::kOk);
  EXPECT_EQ(code(2, AsUnlockKey(known.unlock, 1)), StatusCode::kOk);
}

TEST(Revival, ADestroyedRecordIsRegisteredAnewByADeviceOnly) {
  Registered known(1);
  known.Guess(1, 1);
  ASSERT_EQ(known.Guess(1, 2), GuessOutcome{Destroyed{}});
  known.Begin(BeginOf(2, 2));
  EXPECT_EQ(known.Guess(2, 3), GuessOutcome{Destroyed{}});
  EXPECT_EQ(ApplyFinish(known.account, known.record,
                        FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsUnlockKey(known.unlock, 1)))
                .status()
                .code(),
            StatusCode::kPermissionDenied);
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device), 4));
  EXPECT_EQ(known.record->remaining(), 4U);
  EXPECT_EQ(known.Guess(2, 1), (GuessOutcome{MayEvaluate{Counting::kCounted, 3}}));
}

TEST(Delete, ByEachAuthority) {
  const Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  const auto apply = [&](Authority authority) {
    return ApplyDelete(known.account, known.record, DeleteRecord{std::move(authority)});
  };
  for (const Authority& good : {Authority{ByOperator{}}, Authority{AsDevice(known.device)},
                                Authority{AsUnlockKey(known.unlock, 1)}}) {
    const auto account = apply(good);
    ASSERT_TRUE(account.ok());
    EXPECT_TRUE(account->records.empty());
    EXPECT_EQ(account->devices, known.account->devices);
  }
  for (const Authority& bad :
       {Authority{ByTokenHolder{}}, Authority{AsDevice(stranger)}, Authority{AsUnlockKey(stranger, 1)}}) {
    EXPECT_EQ(apply(bad).status().code(), StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(ApplyDelete(known.account, std::nullopt, DeleteRecord{ByOperator{}}).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace labrec::recovery
