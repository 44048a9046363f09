#include "recovery/labyrinth/mailbox.h"

#include <algorithm>

#include "recovery/labyrinth/epoch/follow.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MailboxTest : public World {};

TEST_F(MailboxTest, SendsAndReadsOverEpochsAndDevices) {
  Mailbox phone = NewMailbox();
  Send(phone, "family", "hello");
  Mailbox laptop = AddDevice(phone);
  Send(laptop, "work", "from the laptop");
  ASSERT_TRUE(phone.Rotate().ok());
  Send(laptop, "family", "in a new epoch");  // the laptop finds out and follows
  Send(phone, "family", "");
  const auto all =
      ElementsAre("0/family/hello", "0/work/from the laptop", "1/family/in a new epoch", "1/family/");
  EXPECT_THAT(ReadAll(phone), all);
  EXPECT_THAT(ReadAll(laptop), all);
  EXPECT_EQ(floor_.kept->sequence, 1U);
}

TEST_F(MailboxTest, AddingADeviceOpensNoEpoch) {
  Mailbox phone = NewMailbox();
  AddDevice(phone);
  ASSERT_TRUE(phone.MakeRecoveryCode('P').ok());
  EXPECT_EQ(content_.epochs.size(), 1U);
  EXPECT_EQ(content_.epochs[0].members.size(), 3U);
}

TEST_F(MailboxTest, SecondMailboxIsRefused) {
  NewMailbox();
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  EXPECT_EQ(Mailbox::Create(store_, floor_, account_, signer).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(content_.epochs.size(), 1U);
}

TEST_F(MailboxTest, RevokedDeviceWithTheWholeStoreReadsNothingLaterAndAllEarlier) {
  Mailbox phone = NewMailbox();
  Mailbox stolen = AddDevice(phone);
  Send(phone, "a", "before");
  const auto rotation = Revoke(phone, stolen.state().self.id);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_TRUE(rotation->opened);
  ASSERT_EQ(rotation->left_out.size(), 1U);
  EXPECT_EQ(rotation->left_out[0].id, stolen.state().self.id);
  EXPECT_EQ(rotation->left_out[0].why, LeftOutWhy::kRevoked);
  Send(phone, "a", "after");

  EXPECT_FAILS(stolen.Sync(), kPermissionDenied, kLeftOut);
  EXPECT_FAILS(stolen.Send("a", 0, AsBytes("x")), kPermissionDenied, kLeftOut);
  EXPECT_EQ(stolen.state().epoch.sequence(), 0U);
  EXPECT_THAT(ReadAll(stolen), ElementsAre("0/a/before"));

  // With the dump: every delivery, whoever it is for, taken for its own; every message under every key it
  // has.
  const auto& later = content_.epochs[1];
  const Bytes opener_entry = content_.epochs[0].members.at(phone.state().self.id);
  for (const auto& [id, delivery] : later.deliveries) {
    const Follower as_other{account_, id, stolen.state().storage};
    EXPECT_FAILS(FollowStep(as_other, stolen.state().epoch, later.stored.opening, opener_entry, delivery),
                 kDataLoss, kNotOpened);
  }
  MessageCipher old_keys(account_, stolen.state().epoch);
  MessageCipher guessed(account_, Epoch(1, later.id, Sha256(later.stored.opening),
                                        stolen.state().epoch.NextRoot(Bytes(32, 0))));
  for (const StoredMessage& message : later.messages) {
    EXPECT_FAILS(old_keys.Open(message), kDataLoss, kNotOpened);
    EXPECT_FAILS(guessed.Open(message), kDataLoss, kNotOpened);
  }
}

// docs/labyrinth.md, "Following": the floor cannot vouch for the epochs in between.
TEST_F(MailboxTest, ADeviceThatWasAwayAndIsRevokedByTheSecondEpochStaysAtItsLast) {
  Mailbox phone = NewMailbox();
  Mailbox old_laptop = AddDevice(phone);
  Mailbox tablet = AddDevice(phone);
  Send(phone, "a", "zero");
  ASSERT_TRUE(tablet.Sync().ok());
  ASSERT_TRUE(Revoke(phone, old_laptop.state().self.id).ok());
  Send(phone, "a", "one");
  ASSERT_TRUE(Revoke(phone, tablet.state().self.id).ok());
  Send(phone, "a", "two");

  EXPECT_FAILS(tablet.Sync(), kPermissionDenied, kLeftOut);
  EXPECT_FAILS(tablet.Send("a", 0, AsBytes("x")), kPermissionDenied, kLeftOut);
  EXPECT_EQ(tablet.state().epoch.sequence(), 0U);
  EXPECT_THAT(ReadAll(tablet), ElementsAre("0/a/zero"));
  EXPECT_THAT(ReadAll(phone), ElementsAre("0/a/zero", "1/a/one", "2/a/two"));
}

TEST_F(MailboxTest, ADeviceDoesNotRevokeItself) {
  Mailbox phone = NewMailbox();
  const SecretBytes before = phone.state().Serialize();
  EXPECT_EQ(Revoke(phone, phone.state().self.id).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(content_.epochs.size(), 1U);
  EXPECT_TRUE(phone.state().Serialize().Equals(before.view()));
}

// A store that lets somebody else act just before a commit.
class BusyStore : public testing::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::Status CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) override {
    if (auto first = std::exchange(before_commit, nullptr)) first();
    return MemoryStore::CommitEpoch(expected, commit);
  }
  std::function<void()> before_commit;
};

TEST_F(MailboxTest, OfTwoRotationsAtOnceOneWinsAndTheOtherFollows) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  BusyStore busy(content_);
  Mailbox slow(busy, floor_, phone.state().Clone());
  busy.before_commit = [&] { ASSERT_TRUE(laptop.Rotate().ok()); };
  const auto rotation = slow.Rotate();
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_FALSE(rotation->opened);
  EXPECT_EQ(content_.epochs.size(), 2U);
  EXPECT_TRUE(slow.state().epoch.SecretRoot().Equals(laptop.state().epoch.SecretRoot().view()));
}

TEST_F(MailboxTest, OfTwoRevocationsAtOnceBothHappen) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  const MemberId lost = AddDevice(phone).state().self.id;
  const MemberId stolen = AddDevice(phone).state().self.id;
  BusyStore busy(content_);
  Mailbox slow(busy, floor_, phone.state().Clone());
  busy.before_commit = [&] { ASSERT_TRUE(Revoke(laptop, lost).ok()); };
  const auto rotation = Revoke(slow, stolen);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_TRUE(rotation->opened);
  EXPECT_EQ(rotation->sequence, 2U);
  EXPECT_FALSE(content_.epochs[2].members.contains(lost));
  EXPECT_FALSE(content_.epochs[2].members.contains(stolen));
  // The same device revoked twice at once: the second has nothing left to do.
  Mailbox again(busy, floor_, slow.state().Clone());
  ASSERT_TRUE(laptop.Sync().ok());
  const MemberId third = AddDevice(slow).state().self.id;
  busy.before_commit = [&] { ASSERT_TRUE(Revoke(laptop, third).ok()); };
  const auto second = Revoke(again, third);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(second->opened);
  EXPECT_EQ(content_.epochs.size(), 4U);
}

TEST_F(MailboxTest, WhoeverIsRevokedByTheWinnerCannotGoOn) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  BusyStore busy(content_);
  Mailbox slow(busy, floor_, laptop.state().Clone());
  busy.before_commit = [&] { ASSERT_TRUE(Revoke(phone, laptop.state().self.id).ok()); };
  EXPECT_FAILS(Revoke(slow, phone.state().self.id), kPermissionDenied, kLeftOut);
  EXPECT_EQ(content_.epochs.size(), 2U);
}

// It is not lost where nobody is revoked. Where somebody is, it may be that one's second self: see
// lying_store_test.cc.
TEST_F(MailboxTest, ADeviceAddedDuringARotationIsNotLost) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  BusyStore busy(content_);
  Mailbox slow(busy, floor_, phone.state().Clone());
  std::optional<MemberId> newcomer;
  busy.before_commit = [&] { newcomer = AddDevice(laptop).state().self.id; };
  const auto rotation = slow.Rotate();
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_TRUE(content_.epochs[1].members.contains(*newcomer));
}

TEST_F(MailboxTest, ADeviceThatStandsStillFollowsBeforeItInvites) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  ASSERT_TRUE(laptop.Rotate().ok());
  AddDevice(phone);
  ASSERT_TRUE(phone.MakeRecoveryCode('P').ok());
  const auto members = laptop.Members();
  ASSERT_TRUE(members.ok());
  EXPECT_EQ(members->size(), 4U);
  for (const MemberStatus& member : *members) EXPECT_TRUE(member.check.ok()) << member.check;
}

TEST_F(MailboxTest, CrashBetweenCommitAndRaiseHealsAtTheNextStart) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  Mailbox stolen = AddDevice(phone);
  floor_.before_raise = [] { return absl::UnavailableError("the recovery service is away"); };
  const SecretBytes saved = phone.state().Serialize();
  const auto rotation = Revoke(phone, stolen.state().self.id);
  EXPECT_EQ(rotation.status().code(), absl::StatusCode::kUnavailable);  // not reported as revoked
  EXPECT_EQ(content_.epochs.size(), 2U);                                // though the store has committed
  EXPECT_EQ(floor_.kept->sequence, 0U);
  EXPECT_TRUE(phone.state().Serialize().Equals(saved.view()));
  // No message of the new epoch before its floor is raised, from no device.
  EXPECT_EQ(phone.Send("a", 0, AsBytes("x")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(laptop.Send("a", 0, AsBytes("x")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(content_.epochs[1].messages, IsEmpty());
  // The process died; the next start, of either device, heals it.
  floor_.before_raise = nullptr;
  Mailbox restarted(store_, floor_, *DeviceState::Parse(saved.view()));
  ASSERT_TRUE(restarted.Sync().ok());
  EXPECT_EQ(floor_.kept, restarted.state().epoch.GetFloor());
  EXPECT_EQ(floor_.kept->sequence, 1U);
  Send(restarted, "a", "safe");
  Send(laptop, "a", "too");
  EXPECT_FAILS(stolen.Sync(), kPermissionDenied, kLeftOut);
}

TEST_F(MailboxTest, FloorRaisedFurtherMeanwhileIsFollowed) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  floor_.before_raise = [&] {
    floor_.before_raise = nullptr;
    EXPECT_TRUE(laptop.Sync().ok());    // follows the phone's epoch and raises the floor to it,
    EXPECT_TRUE(laptop.Rotate().ok());  // then to its own
    return absl::OkStatus();
  };
  ASSERT_TRUE(phone.Rotate().ok());
  EXPECT_EQ(phone.state().epoch.sequence(), 2U);
  EXPECT_EQ(floor_.kept, phone.state().epoch.GetFloor());
}

TEST_F(MailboxTest, EnrolledDeviceSeesAHiddenEpoch) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  ASSERT_TRUE(phone.Rotate().ok());
  const Content hidden = content_;
  content_.epochs.pop_back();
  EXPECT_FAILS(laptop.Sync(), kDataLoss, kTruncated);  // by the floor
  EXPECT_FAILS(phone.Sync(), kDataLoss, kTruncated);   // by its own memory
  EXPECT_EQ(phone.Send("a", 0, AsBytes("x")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(content_.epochs[0].messages, IsEmpty());
  content_ = hidden;
  EXPECT_TRUE(laptop.Sync().ok());
}

// A revoked device and the store together: it opens another epoch 1 for the same members.
TEST_F(MailboxTest, ForkByARevokedDeviceIsSeen) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  Mailbox thief = AddDevice(phone);
  const Content before = content_;
  ASSERT_TRUE(Revoke(phone, thief.state().self.id).ok());
  content_ = before;
  NoFloor no_floor;
  Mailbox forking(store_, no_floor, thief.state().Clone());
  ASSERT_TRUE(forking.Rotate().ok());
  EXPECT_FAILS(laptop.Sync(), kDataLoss, kForked);
  ASSERT_TRUE(forking.Rotate().ok());  // past the floor's number
  EXPECT_FAILS(laptop.Sync(), kDataLoss, kForked);
  EXPECT_FAILS(phone.Sync(), kDataLoss, kForked);
  // Without the floor the laptop would have followed the thief.
  Mailbox trusting(store_, no_floor, laptop.state().Clone());
  EXPECT_TRUE(trusting.Sync().ok());
}

TEST(FloorRule, LowerAndConflictingAreRefusedEqualAndHigherTaken) {
  const Floor kept{7, Sha256("seven")};
  EXPECT_TRUE(CheckRaise(std::nullopt, kept).ok());
  EXPECT_TRUE(CheckRaise(kept, kept).ok());
  EXPECT_TRUE(CheckRaise(kept, {8, Sha256("x")}).ok());
  EXPECT_FAILS(CheckRaise(kept, {6, Sha256("six")}), kFailedPrecondition, kTruncated);
  EXPECT_FAILS(CheckRaise(kept, {6, kept.digest}), kFailedPrecondition, kTruncated);
  EXPECT_FAILS(CheckRaise(kept, {7, Sha256("other")}), kFailedPrecondition, kForked);
}

bool Contains(const Bytes& haystack, ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) != haystack.end();
}

Bytes DumpOf(const testing::MemoryStore::Content& content) {
  Writer dump;
  for (const auto& epoch : content.epochs) {
    dump.Raw(epoch.stored.opening).Raw(epoch.stored.backward_edge);
    for (const auto& [id, bytes] : epoch.members) dump.Raw(bytes);
    for (const auto& [id, bytes] : epoch.deliveries) dump.Raw(bytes);
    for (const auto& message : epoch.messages) dump.Raw(message.sealed);
  }
  for (const auto& [id, bytes] : content.bundles) dump.Raw(bytes);
  for (const auto& [id, bytes] : content.invitations) dump.Raw(bytes);
  return dump.bytes();
}

TEST_F(MailboxTest, TheStoreHoldsNoSecret) {
  Mailbox phone = NewMailbox();
  Mailbox laptop = AddDevice(phone);
  const auto code = phone.MakeRecoveryCode('P');
  ASSERT_TRUE(code.ok());
  std::vector<SecretBytes> secrets;
  for (int epoch = 0; epoch < 3; ++epoch) {
    Send(phone, "a", "the treasure is under the oak");
    for (const Mailbox* mailbox : {&phone, &laptop}) {
      const DeviceState& state = mailbox->state();
      secrets.push_back(SecretBytes::CopyOf(state.storage.SecretScalar().SecretBytesView()));
      secrets.push_back(SecretBytes::CopyOf(state.auth.SecretScalar().SecretBytesView()));
      secrets.push_back(state.epoch.SecretRoot().Clone());
      secrets.push_back(state.epoch.DataStorageKey());
      secrets.push_back(state.epoch.DeviceMacKey());
      secrets.push_back(state.epoch.ThreadKey("a"));
      secrets.push_back(state.epoch.NextPsk());
    }
    ASSERT_TRUE(phone.Rotate().ok());
  }
  secrets.push_back(code->text().Clone());
  secrets.push_back(code->Derive(account_).key.Clone());
  secrets.push_back(SecretBytes::CopyOf(AsBytes("treasure")));
  const Bytes dump = DumpOf(content_);
  EXPECT_TRUE(Contains(dump, phone.state().self.device_key.point().Compressed()));  // the search finds
  for (const SecretBytes& secret : secrets) {
    ASSERT_FALSE(secret.empty());
    EXPECT_FALSE(Contains(dump, secret.view()));
  }
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
