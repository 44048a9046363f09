#include "recovery/record/rules/registration.h"

#include <gtest/gtest.h>

#include "recovery/api/limits.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;

TEST(Begin, NeedsAnAccountThatHadADevice) {
  EXPECT_EQ(MayBegin(std::nullopt, std::nullopt, 1).code(), StatusCode::kFailedPrecondition);
}

TEST(Begin, NumbersGoUpByNoMoreThanAStep) {
  const Registered known;
  const auto code = [&](uint32_t version) { return MayBegin(known.account, known.record, version).code(); };
  EXPECT_EQ(code(0), StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(1), StatusCode::kFailedPrecondition) << "the highest finished one";
  EXPECT_EQ(code(2), StatusCode::kOk);
  EXPECT_EQ(code(1 + kMostVersionStep), StatusCode::kOk);
  EXPECT_EQ(code(2 + kMostVersionStep), StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(UINT32_MAX), StatusCode::kFailedPrecondition) << "nobody could register after it";
  EXPECT_EQ(MayBegin(known.account, std::nullopt, 0).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(MayBegin(known.account, std::nullopt, kMostVersionStep + 1).code(),
            StatusCode::kFailedPrecondition);
  Registered last;
  last.record->highest_version = UINT32_MAX - 1;
  EXPECT_TRUE(MayBegin(last.account, last.record, UINT32_MAX).ok());
}

// What Finish says to a registration, on a record with an active version 1.
struct Finishing : Registered {
  StatusCode Code(const FinishRegistration& request) const {
    return ApplyFinish(account, record, kName, request).status().code();
  }
  FinishRegistration Second(Authority authority) const {
    return FinishOf(2, unlock.public_key(), std::move(authority));
  }
};

TEST(Finish, NeedsADeviceOrTheActiveVersionsKey) {
  const Finishing known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  for (const Authority& bad :
       {Authority{ByTokenHolder{}}, Authority{ByOperator{}}, Authority{AsDevice(stranger)},
        Authority{AsUnlockKey(stranger, 1)}, Authority{AsUnlockKey(stranger, 2)}}) {
    EXPECT_EQ(known.Code(known.Second(bad)), StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(known.Code(known.Second(AsDevice(known.device))), StatusCode::kOk);
  EXPECT_EQ(known.Code(known.Second(AsUnlockKey(known.unlock, 1))), StatusCode::kOk);
}

TEST(Finish, APendingVersionsKeyDoesNotRegisterTheNext) {
  Finishing known;
  const EcdsaPrivateKey pending = EcdsaPrivateKey::Generate();
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, pending.public_key(), AsDevice(known.device))));
  const FinishRegistration third = FinishOf(3, pending.public_key(), AsUnlockKey(pending, 2));
  EXPECT_EQ(known.Code(third), StatusCode::kPermissionDenied);
  known.record = *ApplyActivate(known.account, known.record, Activate{2, AsUnlockKey(pending, 2)});
  EXPECT_EQ(known.Code(third), StatusCode::kOk);
}

TEST(Finish, NotesWhoRegistered) {
  Registered known;
  EXPECT_EQ(known.record->Find(1)->registered_by, known.device.public_key().DeviceId());
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, known.unlock.public_key(), AsUnlockKey(known.unlock, 1))));
  EXPECT_EQ(known.record->Find(2)->registered_by, std::nullopt);
}

TEST(Finish, ListsTheRecordOnce) {
  Registered known;
  known.Register(2);
  EXPECT_EQ(known.account->records, std::vector<std::string>{"main"});
}

TEST(Finish, SixteenRecordsAtMost) {
  Registered known;
  const auto finish = [&](const std::string& record) {
    return ApplyFinish(known.account, std::nullopt, {"tenant", "alice", record},
                       FinishOf(1, known.unlock.public_key(), AsDevice(known.device)));
  };
  for (int i = 0; i < 15; ++i) known.account = finish("r" + std::to_string(i))->account;
  EXPECT_EQ(finish("one-more").status().code(), StatusCode::kResourceExhausted);
}

TEST(Finish, NeedsToBeBegunHere) {
  const Finishing known;
  FinishRegistration request = known.Second(AsDevice(known.device));
  request.begun = std::optional<Nonce>();
  EXPECT_EQ(known.Code(request), StatusCode::kFailedPrecondition);
  request.begun = RegistrationId{};
  request.chip_index = 0x01810000;
  EXPECT_EQ(known.Code(request), StatusCode::kFailedPrecondition) << "no version is begun in the chip";
}

TEST(Finish, NumbersGoUpByNoMoreThanAStep) {
  const Finishing known;
  const auto code = [&](uint32_t version) {
    return known.Code(FinishOf(version, known.unlock.public_key(), AsDevice(known.device)));
  };
  EXPECT_EQ(code(1 + kMostVersionStep), StatusCode::kOk);
  EXPECT_EQ(code(2 + kMostVersionStep), StatusCode::kFailedPrecondition);
}

TEST(Finish, PendingStandsBesideActiveAndReplacesPending) {
  Registered known;
  known.Register(2);
  known.Register(3);
  ASSERT_EQ(known.record->versions.size(), 2U);
  EXPECT_EQ(known.record->Find(1)->stage, Stage::kActive);
  EXPECT_EQ(known.record->Find(3)->stage, Stage::kPending);
  EXPECT_EQ(known.record->highest_version, 3U);
}

TEST(Finish, AgainChangesNothingWhetherOrNotItsBeginningIsKnownStill) {
  const Finishing known;
  FinishRegistration request = FinishOf(1, known.unlock.public_key(), AsDevice(known.device));
  for (const std::optional<Nonce>& nonce : {std::optional<Nonce>(NonceOf(1)), std::optional<Nonce>()}) {
    request.begun = nonce;
    const auto again = ApplyFinish(known.account, known.record, kName, request);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->record, *known.record);
  }
  FinishRegistration other = request;
  other.commitment = Bytes(32, 8);
  EXPECT_EQ(known.Code(other), StatusCode::kFailedPrecondition);
  other = request;
  other.config = ToBytes("another");
  EXPECT_EQ(known.Code(other), StatusCode::kFailedPrecondition);
}

TEST(Finish, TheSameUnderAnotherBeginningIsNotWhatWasFinished) {
  const Finishing known;
  FinishRegistration request = FinishOf(1, known.unlock.public_key(), AsDevice(known.device));
  request.begun = std::optional<Nonce>(NonceOf(2));
  EXPECT_EQ(known.Code(request), StatusCode::kFailedPrecondition) << "no PIN would fit its evaluations";
}

TEST(Finish, StartsWithTheFewestGuessesLeftAndItsOwnLimitAtMost) {
  struct Case {
    uint32_t active_limit, pending_limit, guesses, limit, left;
  };
  const Case cases[] = {
      {5, 0, 0, 5, 5},                     // nothing was spent
      {5, 0, 2, 5, 3},                     // what is left, and not what was spent:
      {5, 0, 2, 10, 3}, {10, 0, 2, 3, 3},  // its own limit
      {5, 3, 1, 5, 2},                     // the pending one has fewer
      {3, 5, 1, 5, 2},                     // the active one has
      {5, 1, 1, 5, 4},                     // one that has none is not looked at
      {1, 0, 1, 5, 5},                     // none has any: nothing is left to guess at
      {1, 1, 1, 2, 2},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(&each - cases);
    Registered known(each.active_limit);
    if (each.pending_limit != 0) known.Register(2, each.pending_limit);
    for (uint32_t guess = 0; guess < each.guesses; ++guess) known.Guess(1, guess);
    known.Register(3, each.limit);
    EXPECT_EQ(known.Left(3), each.left);
    EXPECT_TRUE(known.record->Find(3)->counted_elements.empty());
  }
}

TEST(Finish, ChangesNoOtherCount) {
  Registered known(3);
  known.Guess(1, 1);
  const RecordVersion before = *known.record->Find(1);
  known.Register(2, 10);
  EXPECT_EQ(*known.record->Find(1), before);
}

TEST(Activate, ErasesOlderVersions) {
  Registered known;
  known.Register(2);
  known.record = *ApplyActivate(known.account, known.record, Activate{2, AsDevice(known.device)});
  EXPECT_EQ(known.record->Find(1), nullptr);
  EXPECT_EQ(known.record->Find(2)->stage, Stage::kActive);
}

TEST(Activate, ChangesNoCountWhoeverSigns) {
  Registered known;
  known.Guess(1, 1);
  known.Register(2);
  known.Guess(2, 2);
  RecordVersion expected = *known.record->Find(2);
  ASSERT_EQ(expected.left(), 8U);
  expected.stage = Stage::kActive;
  for (const Authority& authority :
       {Authority{AsUnlockKey(known.unlock, 1)}, Authority{AsUnlockKey(known.unlock, 2)},
        Authority{AsDevice(known.device)}}) {
    const auto active = ApplyActivate(known.account, known.record, Activate{2, authority});
    ASSERT_TRUE(active.ok()) << active.status();
    EXPECT_EQ(active->versions, std::vector{expected});
    EXPECT_EQ(active->last_counted_ms, known.record->last_counted_ms);
  }
}

TEST(Activate, OfTheActiveVersionChangesNothing) {
  Registered known;
  known.Register(2);
  known.Guess(1, 1);
  known.Guess(2, 2);
  const Record before = *known.record;
  EXPECT_EQ(*ApplyActivate(known.account, known.record, Activate{1, AsDevice(known.device)}), before);
  EXPECT_EQ(*ApplyActivate(known.account, known.record, Activate{1, AsUnlockKey(known.unlock, 1)}), before);
}

TEST(Activate, Refusals) {
  Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  const auto code = [&](uint32_t version, Authority authority) {
    return ApplyActivate(known.account, known.record, Activate{version, std::move(authority)})
        .status()
        .code();
  };
  EXPECT_EQ(code(9, AsDevice(known.device)), StatusCode::kNotFound);
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, stranger.public_key(), AsDevice(known.device))));
  EXPECT_EQ(code(2, ByTokenHolder{}), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(2, ByOperator{}), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(2, AsDevice(stranger)), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(1, AsUnlockKey(stranger, 2)),
            StatusCode::kPermissionDenied);  // pending's key, other version
  EXPECT_EQ(code(2, ByUnlockKey{"other", 2, Signed(stranger)}), StatusCode::kPermissionDenied);
  EXPECT_EQ(code(2, AsUnlockKey(stranger, 2)), StatusCode::kOk);
  EXPECT_EQ(code(2, AsUnlockKey(known.unlock, 1)), StatusCode::kOk);
}

TEST(Revival, ADestroyedRecordIsRegisteredAnewByADeviceOnly) {
  Registered known(1);
  known.Guess(1, 1, 1234);
  ASSERT_EQ(known.Guess(1, 2), GuessOutcome{Destroyed{}});
  EXPECT_EQ(ApplyFinish(known.account, known.record, kName,
                        FinishOf(2, known.unlock.public_key(), AsUnlockKey(known.unlock, 1)))
                .status()
                .code(),
            StatusCode::kPermissionDenied);
  known.Register(2, 4);
  EXPECT_FALSE(known.record->destroyed);
  EXPECT_EQ(known.Left(2), 4U);
  EXPECT_EQ(known.record->last_counted_ms, 1234);
  EXPECT_EQ(known.Guess(2, 1), (GuessOutcome{MayEvaluate{Counting::kCounted, 3}}));
}

}  // namespace
}  // namespace labrec::recovery
