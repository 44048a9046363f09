#include <algorithm>

#include "recovery/labyrinth/epoch/virtual_device.h"
#include "tests/unit/recovery/labyrinth/world.h"

// A store that lies by what it answers and by whom it lists: a call that reports something done has seen it
// done.
namespace labrec::recovery::labyrinth {
namespace {

using ::testing::ElementsAre;

// An honest store, but for the answers that a test scripts.
class LyingStore : public testing::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<StoreHead> GetHead() override {
    if (!head.ok()) return head;
    return MemoryStore::GetHead();
  }
  // The commit's answer, and whether it happens.
  absl::Status CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) override {
    ++commits;
    if (before_commit) before_commit();
    if (commit_is_kept) return MemoryStore::CommitEpoch(expected, commit);
    return commits == 1 ? first_answer : later_answer;
  }
  absl::StatusOr<std::vector<MemberRow>> ListMembers(uint64_t sequence) override {
    auto rows = MemoryStore::ListMembers(sequence);
    if (rows.ok()) std::erase_if(*rows, [&](const MemberRow& row) { return row.id == hidden; });
    if (after_list) after_list();
    return rows;
  }
  absl::Status AddMember(const StoreHead& expected, const MemberRow& row) override {
    return add.ok() ? MemoryStore::AddMember(expected, row) : add;
  }

  absl::Status head;
  absl::Status add;
  absl::Status first_answer;
  absl::Status later_answer;
  bool commit_is_kept = false;
  int commits = 0;
  std::optional<MemberId> hidden;
  std::function<void()> before_commit;
  std::function<void()> after_list;
};

class LyingStoreTest : public World {
 protected:
  Mailbox OnLiar(const Mailbox& mailbox) { return Mailbox(liar_, floor_, mailbox.state().Clone()); }
  MemberId self(const Mailbox& mailbox) { return mailbox.state().self.id; }
  std::vector<MemberId> InNewestEpoch() {
    const auto record = OpeningRecord::Parse(account_, content_.epochs.back().stored.opening);
    std::vector<MemberId> ids;
    for (const auto& line : record->members) ids.push_back(line.id);
    return ids;
  }

  LyingStore liar_{content_};
  Mailbox phone_ = NewMailbox();
  Mailbox stolen_ = AddDevice(phone_);
};

// Every pair of answers to a commit that did not happen: nothing of it is a revocation.
TEST_F(LyingStoreTest, NoAnswersMakeARevocation) {
  for (int first = 0; first <= 16; ++first) {
    for (const absl::StatusCode later : {absl::StatusCode::kOk, absl::StatusCode::kNotFound,
                                         absl::StatusCode::kAborted, absl::StatusCode::kFailedPrecondition}) {
      Mailbox phone = OnLiar(phone_);
      liar_.commits = 0;
      liar_.first_answer = absl::Status(static_cast<absl::StatusCode>(first), "says the store");
      liar_.later_answer = absl::Status(later, "says the store");
      const auto revoked = Revoke(phone, self(stolen_));
      EXPECT_FALSE(revoked.ok()) << first << " then " << later;
      EXPECT_FALSE(phone.Rotate().ok()) << first << " then " << later;
    }
  }
  EXPECT_EQ(content_.epochs.size(), 1U);
  Send(phone_, "a", "still read by the thief");
  EXPECT_THAT(ReadAll(stolen_), ElementsAre("0/a/still read by the thief"));
}

// The finding: ABORTED, and then the device is not in the list any more.
TEST_F(LyingStoreTest, ADeviceThatVanishesFromTheListIsNotRevoked) {
  Mailbox phone = OnLiar(phone_);
  liar_.first_answer = absl::AbortedError("somebody was faster");
  liar_.later_answer = absl::AbortedError("somebody was faster");
  liar_.before_commit = [&] { liar_.hidden = self(stolen_); };
  EXPECT_FAILS(Revoke(phone, self(stolen_)), kAborted, kRaced);
  EXPECT_EQ(content_.epochs.size(), 1U);
}

TEST_F(LyingStoreTest, AHiddenDeviceIsRevokedAllTheSame) {
  Mailbox phone = OnLiar(phone_);
  liar_.commit_is_kept = true;
  liar_.hidden = self(stolen_);
  const auto rotation = Revoke(phone, self(stolen_));
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_TRUE(rotation->opened);
  EXPECT_EQ(rotation->sequence, 1U);
  EXPECT_THAT(InNewestEpoch(), ElementsAre(self(phone_)));
  ASSERT_EQ(rotation->members.size(), 1U);
  EXPECT_EQ(rotation->members[0].id, self(phone_));
  ASSERT_EQ(rotation->left_out.size(), 1U);
  EXPECT_EQ(rotation->left_out[0].why, LeftOutWhy::kRevoked);
}

// The thief lets in a second self while it is a member; the store shows it when the epoch opens.
TEST_F(LyingStoreTest, ASecondSelfThatNobodySawStaysOut) {
  Mailbox second_self = AddDevice(stolen_);
  Mailbox phone = OnLiar(phone_);
  liar_.commit_is_kept = true;
  liar_.hidden = self(second_self);
  liar_.after_list = [&] { liar_.hidden.reset(); };
  const auto rotation = Revoke(phone, self(stolen_));
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_THAT(InNewestEpoch(), ElementsAre(self(phone_)));
  const auto left = std::ranges::find(rotation->left_out, self(second_self), &LeftOut::id);
  ASSERT_NE(left, rotation->left_out.end());
  EXPECT_EQ(left->why, LeftOutWhy::kUnseen);
  EXPECT_FAILS(second_self.Sync(), kPermissionDenied, kLeftOut);
}

// Another device wins the race with an epoch in which the second self is: that is not what was asked for.
TEST_F(LyingStoreTest, AnEpochOfAnotherDeviceCountsOnlyIfItIsForNobodyElse) {
  Mailbox laptop = AddDevice(phone_);
  Mailbox phone = OnLiar(phone_);
  const auto seen = LinesOf(*phone.Members());
  const MemberId second_self = self(AddDevice(stolen_));
  liar_.commit_is_kept = true;
  liar_.before_commit = [&] {
    liar_.before_commit = nullptr;
    ASSERT_TRUE(Revoke(laptop, self(stolen_)).ok());
  };
  const auto rotation = phone.Revoke({self(stolen_)}, seen);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_TRUE(rotation->opened);
  EXPECT_EQ(rotation->sequence, 2U);
  EXPECT_THAT(InNewestEpoch(), ::testing::Not(::testing::Contains(second_self)));
}

// A member knows the MAC key, and a recovery code's id binds no key: it can put keys of its own under it.
TEST_F(LyingStoreTest, ACodesNameWithOtherKeysIsNoMember) {
  const auto code = phone_.MakeRecoveryCode(RecoveryCode::kForPaper);
  ASSERT_TRUE(code.ok());
  const MemberId id = code->Derive(account_).id;
  const auto plant = [&](const Mailbox& thief) {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    const auto planted = MakeVirtualDevice(account_, id, signer, DhKeyPair::Generate().public_key());
    content_.epochs.back().members[id] = MakeMemberEntry(thief.state().epoch, account_, *planted);
  };
  // Swapped after the list was looked at.
  const auto seen = LinesOf(*phone_.Members());
  const Content before = content_;
  plant(stolen_);
  const auto rotation = phone_.Revoke({self(stolen_)}, seen);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_THAT(InNewestEpoch(), ElementsAre(self(phone_)));
  // And where the epoch was opened for the code, whoever looks sees it.
  content_ = before;
  floor_.kept.reset();
  Mailbox again(store_, floor_, stolen_.state().Clone());
  ASSERT_TRUE(again.Rotate().ok());
  plant(again);
  const auto members = again.Members();
  ASSERT_TRUE(members.ok());
  const auto row = std::ranges::find(*members, id, &MemberStatus::id);
  ASSERT_NE(row, members->end());
  EXPECT_FAILS(row->check, kDataLoss, kMalformed);
  const auto without = again.Rotate();
  ASSERT_TRUE(without.ok());
  ASSERT_EQ(without->left_out.size(), 1U);
  EXPECT_EQ(without->left_out[0].why, LeftOutWhy::kOtherKeys);
}

TEST_F(LyingStoreTest, TheListShowsWhomTheStoreHides) {
  ASSERT_TRUE(phone_.Rotate().ok());
  ASSERT_TRUE(phone_.Sync().ok());
  Mailbox phone = OnLiar(phone_);
  liar_.hidden = self(stolen_);
  const auto members = phone.Members();
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members->size(), 2U);
  const auto row = std::ranges::find(*members, self(stolen_), &MemberStatus::id);
  ASSERT_NE(row, members->end());
  EXPECT_FALSE(row->member.has_value());
  EXPECT_FAILS(row->check, kDataLoss, kMissing);
}

// A code that was made and seen, and that the store hides when the epoch opens, is reported.
TEST_F(LyingStoreTest, WhoWasSeenAndIsHiddenIsReported) {
  const auto code = phone_.MakeRecoveryCode(RecoveryCode::kForPaper);
  ASSERT_TRUE(code.ok());
  const auto seen = LinesOf(*phone_.Members());
  Mailbox phone = OnLiar(phone_);
  liar_.commit_is_kept = true;
  liar_.hidden = code->Derive(account_).id;
  const auto rotation = phone.Revoke({self(stolen_)}, seen);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  const auto left = std::ranges::find(rotation->left_out, *liar_.hidden, &LeftOut::id);
  ASSERT_NE(left, rotation->left_out.end());
  EXPECT_EQ(left->why, LeftOutWhy::kHidden);
}

// No code of the store's makes anything look done, or looks like what only this device can find out.
TEST_F(LyingStoreTest, TheStoresCodesAreTheStores) {
  for (int code = 1; code <= 16; ++code) {
    Mailbox phone = OnLiar(phone_);
    liar_.head = absl::Status(static_cast<absl::StatusCode>(code), "says the store");
    liar_.add = absl::OkStatus();
    const absl::Status synced = phone.Sync();
    EXPECT_FALSE(synced.ok()) << code;
    EXPECT_NE(ReasonOf(synced), Reason::kLeftOut) << code;
    EXPECT_NE(ReasonOf(synced), Reason::kRaced) << code;
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    if (code != static_cast<int>(absl::StatusCode::kNotFound)) {  // then there is none, and one is made
      EXPECT_FALSE(Mailbox::Create(liar_, floor_, account_, signer).ok()) << code;
    }
    liar_.head = absl::OkStatus();
    liar_.add = absl::Status(static_cast<absl::StatusCode>(code), "says the store");
    EXPECT_FALSE(phone.MakeRecoveryCode(RecoveryCode::kForPin).ok()) << code;
  }
  EXPECT_EQ(liar_.commits, 0);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
