#include "recovery/record/rules/chip.h"

#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"
#include "recovery/record/rules/erasure.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;

constexpr uint32_t kIndex = 0x01810000;
constexpr uint32_t kLimit = 3;

BeginChipVersion ChipBegin(uint32_t version, uint32_t index, const EcdsaPublicKey& unlock,
                           Authority authority) {
  return {version, NonceOf(version),
          BegunChip{index, ToBytes("key blob"), unlock, kLimit, std::move(authority)}};
}

RegistrationId IdOf(uint32_t version) {
  RecordVersion begun;
  begun.nonce = NonceOf(version);
  return begun.registration_id();
}

CountedAnswer AnswerTo(uint32_t element) {
  return {Element(element), Bytes(61, static_cast<uint8_t>(element))};
}

// A record whose version 1 is active and counted by the chip.
struct InChip : Registered {
  InChip() {
    record.reset();
    account = AccountOf(device);
    Register(1, kIndex, unlock);
    record = *ApplyActivate(account, record, Activate{1, AsUnlockKey(unlock, 1)});
  }
  void Begin(const BeginChipVersion& request) { Take(ApplyBegin(account, record, kName, request)); }
  void RegisterLedger(uint32_t version, uint32_t limit) { Registered::Register(version, limit); }
  void Register(uint32_t version, uint32_t index, const EcdsaPrivateKey& key) {
    Begin(ChipBegin(version, index, key.public_key(), AsDevice(device)));
    record = *ApplyChipWritten(record, {{version, index}, 2});
    record = *ApplyChipEvaluated(record, {{version, index}, 2, 2, {}});
    record = *ApplyChipWritten(record, {{version, index}, kLimit});
    Take(ApplyFinish(account, record, kName, Finish(version, index, key)));
  }
  FinishRegistration Finish(uint32_t version, uint32_t index, const EcdsaPrivateKey& key) {
    FinishRegistration request = FinishOf(version, key.public_key(), AsDevice(device), kLimit);
    request.begun = IdOf(version);
    request.chip_index = index;
    return request;
  }
  absl::StatusCode FinishCode(const FinishRegistration& request) {
    return ApplyFinish(account, record, kName, request).status().code();
  }
  void ExpectOneEncoding() { EXPECT_EQ(*DecodeRecord(EncodeRecord(*record)), *record); }
};

TEST(Chip, BeginningTakesASignature) {
  InChip known;
  const auto begin = [&](Authority authority) {
    return ApplyBegin(known.account, known.record, kName,
                      ChipBegin(2, kIndex + 1, known.unlock.public_key(), std::move(authority)))
        .status()
        .code();
  };
  EXPECT_EQ(begin(ByTokenHolder{}), StatusCode::kPermissionDenied);
  EXPECT_EQ(begin(AsDevice(EcdsaPrivateKey::Generate())), StatusCode::kPermissionDenied);
  EXPECT_EQ(begin(AsUnlockKey(known.unlock, 1)), StatusCode::kOk);
  EXPECT_EQ(begin(AsDevice(known.device)), StatusCode::kOk);
}

TEST(Chip, IsFinishedOnlyWithTheIndexKeyAndLimitItWasBegunWith) {
  InChip known;
  const EcdsaPrivateKey next = EcdsaPrivateKey::Generate();
  known.Begin(ChipBegin(2, kIndex + 1, next.public_key(), AsDevice(known.device)));
  FinishRegistration good = known.Finish(2, kIndex + 1, next);
  EXPECT_EQ(known.FinishCode(good), StatusCode::kFailedPrecondition) << "nothing was written";
  known.record = *ApplyChipWritten(known.record, {{2, kIndex + 1}, 2});
  EXPECT_EQ(known.FinishCode(good), StatusCode::kFailedPrecondition) << "the first write grants two";
  known.record = *ApplyChipWritten(known.record, {{2, kIndex + 1}, kLimit});

  FinishRegistration bad = good;
  bad.chip_index.reset();
  EXPECT_EQ(known.FinishCode(bad), StatusCode::kFailedPrecondition)
      << "the config says that the ledger counts";
  bad = good;
  bad.chip_index = kIndex;
  EXPECT_EQ(known.FinishCode(bad), StatusCode::kFailedPrecondition) << "another index";
  bad = known.Finish(2, kIndex + 1, known.unlock);
  EXPECT_EQ(known.FinishCode(bad), StatusCode::kFailedPrecondition) << "another unlock key";
  bad = good;
  bad.guess_limit = kLimit + 1;
  EXPECT_EQ(known.FinishCode(bad), StatusCode::kFailedPrecondition) << "another limit";
  EXPECT_EQ(known.FinishCode(good), StatusCode::kOk);
}

TEST(Chip, TheSameUnderAnotherIdIsNotWhatWasFinished) {
  InChip known;
  FinishRegistration again = known.Finish(1, kIndex, known.unlock);
  EXPECT_EQ(known.FinishCode(again), StatusCode::kOk);
  again.begun = IdOf(2);
  EXPECT_EQ(known.FinishCode(again), StatusCode::kFailedPrecondition);
}

TEST(Chip, OnlyWhatIsNotFinishedIsGivenUp) {
  InChip known;
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  const auto code = [&](ChipVersion which) { return ApplyChipGivenUp(known.record, which).status().code(); };
  EXPECT_EQ(code({2, kIndex + 2}), StatusCode::kNotFound) << "another one took its place";
  EXPECT_EQ(code({1, kIndex}), StatusCode::kFailedPrecondition) << "it is active";
  EXPECT_EQ(ApplyChipGivenUp(std::nullopt, {2, kIndex + 1}).status().code(), StatusCode::kNotFound);

  const Record before = *known.record;
  known.record = *ApplyChipGivenUp(known.record, {2, kIndex + 1});
  EXPECT_EQ(known.record->Find(2), nullptr);
  EXPECT_EQ(*known.record->Find(1), *before.Find(1));
  EXPECT_FALSE(known.record->destroyed);
  EXPECT_EQ(known.FinishCode(known.Finish(2, kIndex + 1, known.unlock)), StatusCode::kFailedPrecondition);
  known.ExpectOneEncoding();

  known.Register(3, kIndex + 1, known.unlock);
  EXPECT_EQ(code({3, kIndex + 1}), StatusCode::kFailedPrecondition) << "it is pending";
}

TEST(Chip, BeginningTakesTheAccountsRoomAndANumber) {
  InChip known;
  const auto begin = [&](const std::string& record, uint32_t version) {
    return ApplyBegin(known.account, std::nullopt, {"tenant", "alice", record},
                      ChipBegin(version, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  };
  EXPECT_EQ(begin("r", UINT32_MAX).status().code(), StatusCode::kFailedPrecondition);
  for (int i = 0; i < 15; ++i) known.account = begin("r" + std::to_string(i), 1)->account;
  EXPECT_EQ(begin("one-more", 1).status().code(), StatusCode::kResourceExhausted);
}

TEST(Chip, WhatIsBegunAndPendingFallsWithTheDeviceThatSigned) {
  InChip known;
  const DeviceId device = known.device.public_key().DeviceId();
  const Record active = *known.record;
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  EXPECT_EQ(ForgetDevice(*known.record, device), active);
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsUnlockKey(known.unlock, 1)));
  EXPECT_EQ(ForgetDevice(*known.record, device), known.record) << "begun by the active version's key";
  known.Register(3, kIndex + 1, known.unlock);
  EXPECT_EQ(ForgetDevice(*known.record, device)->Find(3), nullptr);
}

TEST(Chip, ABegunVersionIsNotUsable) {
  InChip known;
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  EXPECT_EQ(ApplyGuess(known.record, CountGuess{2, Element(1)}, 0, {}).status().code(),
            StatusCode::kNotFound);
  const auto only = ApplyBegin(known.account, std::nullopt, kName,
                               ChipBegin(1, kIndex, known.unlock.public_key(), AsDevice(known.device)));
  EXPECT_EQ(ApplyGuess(only->record, CountGuess{1, Element(1)}, 0, {})->outcome,
            GuessOutcome{NotRegistered{}});
}

TEST(Chip, BeginningReplacesTheBegunVersionAndActivatingKeepsIt) {
  InChip known;
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  known.Begin(ChipBegin(3, kIndex + 2, known.unlock.public_key(), AsDevice(known.device)));
  EXPECT_EQ(known.record->Find(2), nullptr);
  EXPECT_EQ(known.FinishCode(known.Finish(2, kIndex + 1, known.unlock)), StatusCode::kFailedPrecondition);
  known.record = *ApplyActivate(known.account, known.record, Activate{1, AsDevice(known.device)});
  EXPECT_EQ(known.record->Find(3)->stage, Stage::kBegun);
  EXPECT_EQ(ApplyActivate(known.account, known.record, Activate{3, AsDevice(known.device)}).status().code(),
            StatusCode::kNotFound)
      << "begun only";
}

// The explorer's trace: a thief's active version begins another one in the chip before it is replaced.
TEST(Chip, ActivatingAnotherVersionErasesWhatTheOldOnesKeyBegan) {
  InChip known;
  const EcdsaPrivateKey next = EcdsaPrivateKey::Generate();
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, next.public_key(), AsDevice(known.device), kLimit)));
  for (const Authority& by : {Authority{AsUnlockKey(known.unlock, 1)}, Authority{AsDevice(known.device)}}) {
    known.Begin(ChipBegin(3, kIndex + 1, known.unlock.public_key(), by));
    const auto active = ApplyActivate(known.account, known.record, Activate{2, AsUnlockKey(next, 2)});
    ASSERT_TRUE(active.ok()) << active.status();
    EXPECT_EQ(active->Find(3) == nullptr, std::holds_alternative<ByUnlockKey>(by));
  }
}

TEST(Chip, TheLedgerCountsItLikeAnyVersion) {
  InChip known;
  known.RegisterLedger(2, 10);
  EXPECT_EQ(known.Left(2), kLimit) << "as many as the other has left";
  EXPECT_EQ(known.Guess(2, 1), (GuessOutcome{MayEvaluate{Counting::kCounted, kLimit - 1}}));
  EXPECT_EQ(known.Left(1), kLimit - 1);
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 2, kLimit, {}});
  EXPECT_EQ(known.Left(1), kLimit - 2) << "the chip showed fewer";
  known.record = ApplyUnlock(known.record, Unlock{2, Signed(known.unlock)})->record;
  EXPECT_EQ(known.Left(1), kLimit - 2);
  EXPECT_EQ(known.record->Find(1)->spent, 1U) << "a success with another version";
}

TEST(Chip, ALedgerVersionIsNotFinishedAsAChipOne) {
  Registered known;
  FinishRegistration request = FinishOf(2, known.unlock.public_key(), AsDevice(known.device));
  request.begun = IdOf(2);
  request.chip_index = kIndex;
  EXPECT_EQ(ApplyFinish(known.account, known.record, kName, request).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST(Chip, WritesHaveTheirOrder) {
  InChip known;
  known.Begin(ChipBegin(2, kIndex + 1, known.unlock.public_key(), AsDevice(known.device)));
  const auto refused = [&](uint32_t version, uint32_t limit) {
    return GrantOf(known.record, version, limit).status().code();
  };
  EXPECT_EQ(refused(2, kLimit), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused(2, 0), StatusCode::kFailedPrecondition);
  EXPECT_EQ(GrantOf(known.record, 2, 2).value(), 2U);
  known.record = *ApplyChipWritten(known.record, {{2, kIndex + 1}, 2});
  // The limit is the chip's count and what is granted: the chip's count decides.
  EXPECT_EQ(GrantOf(known.record, 2, 2 + kLimit).value(), kLimit);
  EXPECT_EQ(GrantOf(known.record, 1, 1000).value(), kLimit) << "a refill";
  EXPECT_EQ(GrantOf(known.record, 1, 0).value(), 0U) << "before it is deleted";
  EXPECT_EQ(refused(3, kLimit), StatusCode::kNotFound);
  EXPECT_EQ(GrantOf(std::nullopt, 1, kLimit).status().code(), StatusCode::kNotFound);
}

TEST(Chip, KeepsAnswersOfCountedElementsUntilTheRefill) {
  InChip known;
  known.Guess(1, 7);
  known.Guess(1, 8);
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 2, kLimit, AnswerTo(8)});
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 2, kLimit, AnswerTo(7)});
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 2, kLimit, AnswerTo(7)});
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 2, kLimit, AnswerTo(9)});  // never counted
  known.ExpectOneEncoding();
  const RecordVersion& version = *known.record->Find(1);
  EXPECT_EQ(version.chip->answers.size(), 2U);
  ASSERT_NE(FindAnswer(version, Element(7)), nullptr);
  EXPECT_EQ(FindAnswer(version, Element(7))->sealed, AnswerTo(7).sealed);
  EXPECT_EQ(FindAnswer(version, Element(9)), nullptr);
  known.record = *ApplyChipWritten(known.record, {{1, kIndex}, kLimit});
  EXPECT_TRUE(known.record->Find(1)->chip->answers.empty());
  EXPECT_EQ(known.record->Find(1)->chip->count, 0U);
}

TEST(Chip, AnUnlockForgetsTheElementsOfItsVersionWithTheirAnswers) {
  InChip known;
  known.Register(2, kIndex + 1, known.unlock);
  known.Guess(1, 7);
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 1, kLimit, AnswerTo(7)});
  const RecordVersion before = *known.record->Find(1);
  known.record = ApplyUnlock(known.record, Unlock{2, Signed(known.unlock)})->record;
  EXPECT_EQ(*known.record->Find(1), before) << "a success with another version";
  known.record = ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)})->record;
  known.ExpectOneEncoding();
  EXPECT_TRUE(known.record->Find(1)->chip->answers.empty());
}

TEST(Chip, ShowsNoMoreGuessesThanTheChipHas) {
  InChip known;
  known.Guess(1, 7);
  EXPECT_EQ(known.Left(1), kLimit - 1);
  known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, 3, kLimit, AnswerTo(7)});
  EXPECT_EQ(known.Left(1), 0U);
}

TEST(Chip, RowsHaveTheSameSizeWhateverWasCounted) {
  InChip known;
  const size_t before = EncodeRecord(*known.record).size();
  for (uint32_t i = 1; i <= kLimit; ++i) {
    known.Guess(1, i);
    known.record = *ApplyChipEvaluated(known.record, {{1, kIndex}, i, kLimit, AnswerTo(i)});
    EXPECT_EQ(EncodeRecord(*known.record).size(), before);
  }
}

TEST(Chip, ASpentIndexErasesItsVersionAndTheRecordWithTheLastOne) {
  InChip known;
  known.Register(2, kIndex + 1, known.unlock);
  known.record = *ApplyChipSpent(known.record, {{1, kIndex}});
  EXPECT_FALSE(known.record->destroyed) << "version 2 is still pending";
  EXPECT_EQ(known.record->Find(1), nullptr);
  known.ExpectOneEncoding();
  known.record = *ApplyChipSpent(known.record, {{2, kIndex + 1}});
  EXPECT_TRUE(known.record->destroyed);
  EXPECT_EQ(known.record->highest_version, 2U);
  known.ExpectOneEncoding();
}

TEST(Chip, RetirementErasesAnOldVersionAndLeavesTheNewestWithoutAGuess) {
  InChip known;
  known.Register(2, kIndex + 1, known.unlock);
  known.record = *ApplyChipWritten(known.record, {{1, kIndex}, 0});
  EXPECT_EQ(known.record->Find(1), nullptr);
  ASSERT_NE(known.record->Find(2), nullptr);
  known.record = *ApplyChipWritten(known.record, {{2, kIndex + 1}, 0});
  ASSERT_NE(known.record->Find(2), nullptr) << "who deletes the record next signs by its key";
  EXPECT_EQ(known.Left(2), 0U);
  known.ExpectOneEncoding();
}

TEST(Chip, WhatAnotherIndexDidIsNotTaken) {
  InChip known;
  EXPECT_EQ(ApplyChipWritten(known.record, {{1, kIndex + 9}, kLimit}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ApplyChipEvaluated(known.record, {{1, kIndex + 9}, 1, kLimit, {}}).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(ApplyChipSpent(known.record, {{1, kIndex + 9}}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ApplyChipSpent(std::nullopt, {{1, kIndex}}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace labrec::recovery
