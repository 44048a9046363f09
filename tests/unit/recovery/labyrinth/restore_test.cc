#include "recovery/labyrinth/restore.h"

#include "recovery/labyrinth/epoch/follow.h"
#include "recovery/labyrinth/epoch/virtual_device.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

using ::testing::ElementsAre;

// A phone with messages in four epochs, a recovery code made in epoch 1, a device revoked before epoch 3.
class RestoreTest : public World {
 protected:
  RestoreTest() {
    Send(phone_, "family", "zero");
    Rotate();
    auto code = phone_.MakeRecoveryCode(RecoveryCode::kForPin);
    EXPECT_TRUE(code.ok()) << code.status();
    code_ = std::make_unique<RecoveryCode>(*std::move(code));
    Send(phone_, "family", "one");
    Rotate();
    Send(phone_, "work", "two");
    stolen_ = std::make_unique<Mailbox>(AddDevice(phone_));
    EXPECT_TRUE(Revoke(phone_, stolen_->state().self.id).ok());
    Send(phone_, "work", "three");
  }

  void Rotate() { EXPECT_TRUE(phone_.Rotate().ok()); }

  // What the store holds must not change when a restore is refused.
  void ExpectRefused(const std::optional<Floor>& floor, Reason reason) {
    const size_t members = content_.epochs.back().members.size();
    const uint64_t version = content_.epochs.back().members_version;
    const auto restored = RestoreWith(*code_, floor);
    EXPECT_EQ(restored.status().code(), absl::StatusCode::kDataLoss) << restored.status();
    EXPECT_EQ(ReasonOf(restored.status()), reason) << restored.status();
    EXPECT_EQ(content_.epochs.back().members.size(), members);
    EXPECT_EQ(content_.epochs.back().members_version, version);
  }

  Mailbox phone_ = NewMailbox();
  std::unique_ptr<RecoveryCode> code_;
  std::unique_ptr<Mailbox> stolen_;
};

TEST_F(RestoreTest, FromACodeToTheWholeHistory) {
  const auto bundles = content_.bundles;
  auto restored = RestoreWith(*code_, floor_.kept);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->first_epoch, 1U);
  EXPECT_EQ(restored->corrected, 0U);
  EXPECT_THAT(visited_, ElementsAre(1, 2, 3));
  EXPECT_THAT(ReadAll(restored->mailbox),
              ElementsAre("0/family/zero", "1/family/one", "2/work/two", "3/work/three"));
  EXPECT_EQ(content_.bundles, bundles);  // rotation never touched the bundle
  // The new device is a member like any other: it revokes the lost phone and goes on.
  Mailbox& tablet = restored->mailbox;
  const auto rotation = Revoke(tablet, phone_.state().self.id);
  ASSERT_TRUE(rotation.ok()) << rotation.status();
  EXPECT_EQ(rotation->left_out.size(), 1U);
  Send(tablet, "work", "four");
  EXPECT_FAILS(phone_.Sync(), kPermissionDenied, kLeftOut);
  EXPECT_FAILS(stolen_->Sync(), kPermissionDenied, kLeftOut);
  EXPECT_EQ(ReadAll(*stolen_).size(), 3U);
  // And the same code restores again.
  auto again = RestoreWith(*code_, floor_.kept);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ReadAll(again->mailbox).size(), 5U);
}

TEST_F(RestoreTest, ATypedCodeIsMended) {
  std::string typed = ToString(code_->Grouped().view());
  for (char& character : typed) character = static_cast<char>(std::tolower(character));
  typed[3] = typed[3] == 'x' ? 'y' : 'x';
  typed[20] = typed[20] == '7' ? '6' : '7';
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  const auto restored =
      Restore(store_, floor_, {account_, AsBytes(typed), OneRealm(floor_.kept), signer}, [](const Epoch&) {});
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->corrected, 2U);
}

TEST_F(RestoreTest, AnotherCodeOrAccountIsRefused) {
  EXPECT_FAILS(RestoreWith(RecoveryCode::Generate('P'), floor_.kept), kInvalidArgument, kUnknownCode);
  const AccountName bob{"example", "bob"};
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  EXPECT_FAILS(Restore(store_, floor_, {bob, code_->text().view(), OneRealm(floor_.kept), signer},
                       [](const Epoch&) {}),
               kInvalidArgument, kUnknownCode);
}

TEST_F(RestoreTest, TruncationBelowTheFloorIsRefused) {
  content_.epochs.pop_back();
  ExpectRefused(floor_.kept, Reason::kTruncated);
  content_.epochs.pop_back();
  ExpectRefused(floor_.kept, Reason::kTruncated);
  content_.epochs.pop_back();  // even below the bundle's own epoch
  ExpectRefused(floor_.kept, Reason::kTruncated);
  content_.epochs.clear();
  const auto restored = RestoreWith(*code_, floor_.kept);
  EXPECT_FAILS(restored, kDataLoss, kMissing);
}

// The attack that the floor is there for: the store hides the epoch that locked the thief out.
TEST_F(RestoreTest, WithoutTheFloorTruncationSucceeds) {
  content_.epochs.pop_back();
  ExpectRefused(floor_.kept, Reason::kTruncated);
  auto restored = RestoreWith(*code_, std::nullopt);
  ASSERT_TRUE(restored.ok()) << restored.status();
  NoFloor no_floor;
  Mailbox victim(store_, no_floor, restored->mailbox.state().Clone());
  Send(victim, "work", "readable by the thief");
  Mailbox thief(store_, no_floor, stolen_->state().Clone());
  EXPECT_EQ(ReadAll(thief).back(), "2/work/readable by the thief");
}

TEST_F(RestoreTest, ForkAtTheFloorsNumberIsRefused) {
  content_.epochs.pop_back();
  NoFloor no_floor;
  Mailbox forking(store_, no_floor, stolen_->state().Clone());
  ASSERT_TRUE(forking.Rotate().ok());
  ASSERT_EQ(content_.epochs.size(), 4U);
  ExpectRefused(floor_.kept, Reason::kForked);
  ASSERT_TRUE(forking.Rotate().ok());  // and one that goes on past it
  ExpectRefused(floor_.kept, Reason::kForked);
  EXPECT_TRUE(RestoreWith(*code_, std::nullopt).ok());  // unnoticed without the floor
}

TEST_F(RestoreTest, AFloorBelowTheBundleIsCheckedToo) {
  Floor wrong{0, Sha256("another epoch 0")};
  ExpectRefused(wrong, Reason::kForked);
}

TEST_F(RestoreTest, RevokedVirtualDeviceStopsAtItsLastEpoch) {
  const auto saved = content_.bundles;
  const MemberId id = code_->Derive(account_).id;
  ASSERT_TRUE(Revoke(phone_, id).ok());
  Send(phone_, "work", "later");
  content_.bundles = saved;
  visited_.clear();
  const size_t members = content_.epochs.back().members.size();
  EXPECT_FAILS(RestoreWith(*code_, floor_.kept), kPermissionDenied, kLeftOut);
  EXPECT_THAT(visited_, ElementsAre(1, 2, 3));
  EXPECT_EQ(content_.epochs.back().members.size(), members);
  // And with the store's help: the history ends before its revocation, which the floor shows.
  content_.epochs.pop_back();
  ExpectRefused(floor_.kept, Reason::kTruncated);
}

TEST_F(RestoreTest, SeveralCodesCoexistAndAreRevokedAlone) {
  const auto second = phone_.MakeRecoveryCode(RecoveryCode::kForPaper);
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(Revoke(phone_, code_->Derive(account_).id).ok());
  EXPECT_FAILS(RestoreWith(*code_, floor_.kept), kPermissionDenied, kLeftOut);
  EXPECT_TRUE(RestoreWith(*second, floor_.kept).ok());
}

TEST_F(RestoreTest, AVirtualDeviceCannotOpenEpochs) {
  const auto secrets = code_->Derive(account_);
  const auto bundle = OpenBundle(account_, secrets, content_.bundles.at(secrets.id));
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  const Bytes entry = content_.epochs[1].members.at(secrets.id);
  const auto member = OpenMemberEntry(bundle->epoch, account_, entry);
  ASSERT_TRUE(member.ok()) << member.status();
  // It tries with a key of its own, and everything else right.
  const DhKeyPair own = DhKeyPair::Generate();
  std::vector<MemberRow> table = *store_.ListMembers(1);
  auto plan = PlanEpoch({account_, *member, own}, bundle->epoch, content_.epochs[1].stored.opening, table,
                        RandomId(), Choice{});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto mine = std::ranges::find(plan->commit.deliveries, phone_.state().self.id, &MemberRow::id);
  ASSERT_NE(mine, plan->commit.deliveries.end());
  const Follower phone{account_, phone_.state().self.id, phone_.state().storage};
  EXPECT_FAILS(FollowStep(phone, bundle->epoch, plan->commit.opening, entry, mine->bytes), kDataLoss,
               kMalformed);
}

TEST_F(RestoreTest, EveryChangedBundleIsRefused) {
  const auto secrets = code_->Derive(account_);
  const Bytes bundle = content_.bundles.at(secrets.id);
  ASSERT_TRUE(OpenBundle(account_, secrets, bundle).ok());
  for (size_t byte = 0; byte < bundle.size(); ++byte) {
    Bytes changed = bundle;
    changed[byte] ^= 0x10;
    EXPECT_FALSE(OpenBundle(account_, secrets, changed).ok()) << byte;
    EXPECT_FALSE(OpenBundle(account_, secrets, ByteView(bundle).first(byte)).ok()) << byte;
  }
  Bytes longer = bundle;
  longer.push_back(0);
  EXPECT_FALSE(OpenBundle(account_, secrets, longer).ok());
  // Two fields of equal size, swapped: each is bound to its name.
  Reader reader(bundle);
  const ByteView device_key = reader.Lp();
  const ByteView storage_key = reader.Lp();
  Writer swapped;
  swapped.Lp(storage_key).Lp(device_key).Raw(reader.Raw(reader.remaining()));
  EXPECT_FAILS(OpenBundle(account_, secrets, swapped.bytes()), kDataLoss, kNotOpened);
  EXPECT_FAILS(OpenBundle({"example", "bob"}, secrets, bundle), kDataLoss, kNotOpened);
}

TEST_F(RestoreTest, MissingPiecesAreNamedAsSuch) {
  const Content whole = content_;
  content_.epochs[2].deliveries.clear();
  ExpectRefused(floor_.kept, Reason::kMissing);
  content_ = whole;
  content_.epochs[1].members.erase(phone_.state().self.id);  // the opener of epoch 2
  ExpectRefused(floor_.kept, Reason::kMissing);
  content_ = whole;
  std::swap(content_.epochs[2], content_.epochs[3]);
  const auto swapped = RestoreWith(*code_, floor_.kept);
  EXPECT_EQ(swapped.status().code(), absl::StatusCode::kDataLoss);
  content_ = whole;
  EXPECT_TRUE(RestoreWith(*code_, floor_.kept).ok());
}

TEST_F(RestoreTest, AChangedOpeningOrDeliveryIsRefused) {
  const Content whole = content_;
  const MemberId virtual_device = code_->Derive(account_).id;
  content_.epochs[2].deliveries.at(virtual_device) = content_.epochs[3].deliveries.at(virtual_device);
  ExpectRefused(floor_.kept, Reason::kNotOpened);  // another epoch's
  content_ = whole;
  content_.epochs[2].deliveries.at(virtual_device) = content_.epochs[2].deliveries.at(phone_.state().self.id);
  ExpectRefused(floor_.kept, Reason::kNotOpened);  // another recipient's
  content_ = whole;
  content_.epochs[2].stored.opening.back() ^= 1;  // another member key than the opener saw
  ExpectRefused(floor_.kept, Reason::kNotOpened);
  content_ = whole;
  content_.epochs[2].stored.opening.push_back(0);
  ExpectRefused(floor_.kept, Reason::kMalformed);
  content_ = whole;
  content_.epochs[3].id = RandomId();
  ExpectRefused(floor_.kept, Reason::kForked);
}

// The head moves while the new device follows: it must not enrol with an old epoch's MAC.
class MovingStore : public testing::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<StoreHead> GetHead() override {
    if (calls_to_head++ == move_at_head) std::exchange(before_add, nullptr)();
    return MemoryStore::GetHead();
  }
  absl::Status AddMember(const StoreHead& expected, const MemberRow& row) override {
    if (auto first = std::exchange(before_add, nullptr)) first();
    return MemoryStore::AddMember(expected, row);
  }
  std::function<void()> before_add;
  int move_at_head = -1;
  int calls_to_head = 0;
};

class EnrolmentTest : public RestoreTest, public ::testing::WithParamInterface<int> {};

// -1: at the last moment, which the store's compare-and-set catches. 1: when the head is read before
// enrolling.
INSTANTIATE_TEST_SUITE_P(Moments, EnrolmentTest, ::testing::Values(-1, 1));

TEST_P(EnrolmentTest, FollowsAnEpochOpenedMeanwhile) {
  MovingStore moving(content_);
  moving.before_add = [&] { Rotate(); };
  moving.move_at_head = GetParam();
  SoftwareSigner signer(EcdsaPrivateKey::Generate());
  auto restored = Restore(moving, floor_, {account_, code_->text().view(), OneRealm(floor_.kept), signer},
                          [](const Epoch&) {});
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->mailbox.state().epoch.sequence(), 4U);
  const auto members = restored->mailbox.Members();
  ASSERT_TRUE(members.ok());
  for (const MemberStatus& member : *members) EXPECT_TRUE(member.check.ok()) << member.check;
  EXPECT_EQ(members->size(), 3U);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
