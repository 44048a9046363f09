#include "recovery/labyrinth/epoch/check_floors.h"
#include "tests/unit/recovery/labyrinth/world.h"

// Realms that lie about the epoch floor, alone and together with the store.
namespace labrec::recovery::labyrinth {
namespace {

using ::testing::SizeIs;

struct Realm {
  std::optional<FloorClaim> floor;
  bool away = false;
  bool refuses = false;  // to raise
};

// Three realms, two of which bring a code back, as one device's client sees them.
class ThreeRealms : public FloorKeeper {
 public:
  static constexpr size_t kNeeded = 2;
  ThreeRealms(std::vector<Realm>& realms, const MemberId& device) : realms_(realms), device_(device) {}

  absl::StatusOr<FloorClaims> ReadFloor() override {
    FloorClaims floors{{}, realms_.size(), 0, kNeeded};
    for (const Realm& realm : realms_) {
      if (realm.away) continue;
      ++floors.answers;
      if (realm.floor.has_value()) floors.claims.push_back(*realm.floor);
    }
    if (floors.answers < kNeeded) return absl::UnavailableError("too few realms");
    return floors;
  }
  absl::Status RaiseFloor(const Floor& floor) override {
    size_t good = 0;
    for (size_t i = 0; i < realms_.size(); ++i) {
      Realm& realm = realms_[i];
      const auto kept = realm.floor.has_value() ? std::optional(realm.floor->floor) : std::nullopt;
      if (realm.away || realm.refuses || !CheckRaise(kept, floor).ok()) continue;
      realm.floor = FloorClaim{"realm " + std::to_string(i), floor, device_};
      ++good;
    }
    if (good + kNeeded > realms_.size()) return absl::OkStatus();
    return absl::FailedPreconditionError("too few realms took it");
  }

 private:
  std::vector<Realm>& realms_;
  const MemberId device_;
};

class LyingFloorTest : public World {
 protected:
  LyingFloorTest() {
    EXPECT_TRUE(phone_.Sync().ok());
    stolen_ = std::make_unique<Mailbox>(AddDevice(phone_));
    laptop_ = std::make_unique<Mailbox>(AddDevice(phone_));
    code_ = std::make_unique<RecoveryCode>(*phone_.MakeRecoveryCode('P'));
  }

  static MemberId IdOf(const Mailbox& mailbox) { return mailbox.state().self.id; }
  Mailbox At(const Mailbox& mailbox, FloorKeeper& keeper) {
    return Mailbox(store_, keeper, mailbox.state().Clone());
  }
  // Any key will do: the realm makes one, and its signature is right.
  FloorClaim Forged(uint64_t sequence, const MemberId& device = MemberId{0x66}) {
    return {"realm 0", {sequence, Sha256("forged")}, device};
  }
  absl::StatusOr<Restored> RestoreByThree(FloorKeeper& keeper) {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    auto floors = keeper.ReadFloor();
    if (!floors.ok()) return floors.status();
    const SecretBytes typed = code_->text().Clone();
    return Restore(store_, keeper, {account_, typed.view(), *floors, signer}, [](const Epoch&) {});
  }

  std::vector<Realm> realms_ = std::vector<Realm>(3);
  Mailbox first_ = NewMailbox();
  ThreeRealms keeper_{realms_, first_.state().self.id};
  Mailbox phone_{store_, keeper_, first_.state().Clone()};
  std::unique_ptr<Mailbox> stolen_;
  std::unique_ptr<Mailbox> laptop_;
  std::unique_ptr<RecoveryCode> code_;
};

// The finding: one realm's own key with sequence 2^40, or with the number of an epoch that exists.
TEST_F(LyingFloorTest, AKeyThatNobodyLetInStopsNothing) {
  for (const uint64_t sequence : {uint64_t{1} << 40, UINT64_MAX, uint64_t{0}}) {
    realms_[0].floor = Forged(sequence);
    realms_[0].refuses = true;
    Mailbox phone = At(phone_, keeper_);
    const absl::Status synced = phone.Sync();
    EXPECT_TRUE(synced.ok()) << synced;
    ASSERT_THAT(phone.doubted(), SizeIs(1));
    EXPECT_EQ(phone.doubted()[0].realm, "realm 0");
    Send(phone, "a", "goes on");
    const auto restored = RestoreByThree(keeper_);
    EXPECT_TRUE(restored.ok()) << restored.status();
    EXPECT_THAT(restored->doubted, SizeIs(1));
  }
  EXPECT_TRUE(Revoke(phone_, IdOf(*stolen_)).ok());
  EXPECT_EQ(realms_[1].floor->floor.sequence, 1U);
  EXPECT_EQ(realms_[2].floor->floor.sequence, 1U);
}

TEST_F(LyingFloorTest, ARealmThatRefusesToRaiseBlocksNothing) {
  realms_[0].refuses = true;
  EXPECT_TRUE(Revoke(phone_, IdOf(*stolen_)).ok());
  realms_[1].away = true;  // one took it: a recovery by the others would not see it
  EXPECT_FALSE(phone_.Rotate().ok());
}

// A realm that lies and one that is away: nobody knows, and nothing goes on; nor does anything give in.
TEST_F(LyingFloorTest, TwoAnswersThatContradictAreTooFew) {
  realms_[0].floor = Forged(9);
  realms_[1].away = true;
  Mailbox phone = At(phone_, keeper_);
  EXPECT_FAILS(phone.Sync(), kUnavailable, kUnproven);
  EXPECT_FAILS(RestoreByThree(keeper_), kUnavailable, kUnproven);
  realms_[1].away = false;
  EXPECT_TRUE(phone.Sync().ok());
}

// A device that was revoked has a key that the realm still takes.
TEST_F(LyingFloorTest, ARevokedDevicesFloorStopsNothing) {
  ASSERT_TRUE(Revoke(phone_, IdOf(*stolen_)).ok());
  realms_[0].floor = Forged(7, IdOf(*stolen_));
  Mailbox phone = At(phone_, keeper_);
  EXPECT_TRUE(phone.Sync().ok());
  EXPECT_THAT(phone.doubted(), SizeIs(1));
}

// It was a member of the epochs before, and a realm that has its key, or what it signed then, may say of them
// what it likes.
TEST_F(LyingFloorTest, NorDoesWhatItSaysOfTheEpochsThatItWasIn) {
  ASSERT_TRUE(Revoke(phone_, IdOf(*stolen_)).ok());
  realms_[0].floor = Forged(0, IdOf(*stolen_));
  realms_[0].refuses = true;
  Mailbox phone = At(phone_, keeper_);
  const absl::Status synced = phone.Sync();
  EXPECT_TRUE(synced.ok()) << synced;
  EXPECT_THAT(phone.doubted(), SizeIs(1));
  EXPECT_TRUE(RestoreByThree(keeper_).ok());
  // A member's word counts of them all the same.
  realms_[0].floor = Forged(0, IdOf(*laptop_));
  EXPECT_FAILS(phone.Sync(), kDataLoss, kForked);
}

// What the rule must not give away: epochs that the store hides, whoever signed their floor, and whatever it
// hides of that device.
class HiddenEpochs : public LyingFloorTest {
 protected:
  // A tablet joins by the code and revokes the stolen phone: epoch 1, whose floor it signs.
  void RevokeByATablet() {
    before_ = content_;
    auto restored = RestoreByThree(keeper_);
    ASSERT_TRUE(restored.ok()) << restored.status();
    tablet_ = IdOf(restored->mailbox);
    with_tablet_ = content_;
    ThreeRealms of_tablet(realms_, tablet_);
    Mailbox tablet = At(restored->mailbox, of_tablet);
    ASSERT_TRUE(Revoke(tablet, IdOf(*stolen_)).ok());
  }

  Content before_;
  Content with_tablet_;
  MemberId tablet_{};
};

TEST_F(HiddenEpochs, AMemberIsBelievedThoughOneRealmAloneSaysIt) {
  RevokeByATablet();
  content_ = with_tablet_;
  realms_[0].floor.reset();
  realms_[1].floor.reset();
  EXPECT_FAILS(RestoreByThree(keeper_), kDataLoss, kTruncated);
  Mailbox laptop = At(*laptop_, keeper_);
  EXPECT_FAILS(laptop.Sync(), kDataLoss, kTruncated);
}

TEST_F(HiddenEpochs, ADeviceThatTheStoreHidesWithItsEpochIsBelievedOfTwo) {
  RevokeByATablet();
  content_ = before_;  // no epoch 1, and no tablet either
  EXPECT_FAILS(RestoreByThree(keeper_), kDataLoss, kTruncated);
  realms_[0].floor.reset();  // one realm lies
  EXPECT_FAILS(RestoreByThree(keeper_), kDataLoss, kTruncated);
  realms_[0].away = true;
  EXPECT_FAILS(RestoreByThree(keeper_), kDataLoss, kTruncated);
  realms_[0].away = false;
  realms_[1].away = true;  // one has it, one lies
  EXPECT_FAILS(RestoreByThree(keeper_), kUnavailable, kUnproven);
}

// The thief opens another epoch 1, in which the tablet is not.
TEST_F(HiddenEpochs, AForkWithoutTheSignerIsSeen) {
  RevokeByATablet();
  content_ = before_;
  NoFloor no_floor;
  Mailbox forking(store_, no_floor, stolen_->state().Clone());
  ASSERT_TRUE(forking.Rotate().ok());
  EXPECT_FAILS(RestoreByThree(keeper_), kDataLoss, kForked);
  Mailbox laptop = At(*laptop_, keeper_);
  EXPECT_FAILS(laptop.Sync(), kDataLoss, kForked);
}

// docs/labyrinth.md, "What is not defended": a realm that lies with the store, and one that lags behind.
TEST_F(HiddenEpochs, WhereOneRealmLagsAnotherCanLieWithTheStore) {
  realms_[2].away = true;
  RevokeByATablet();
  realms_[2].away = false;
  content_ = before_;
  realms_[0].floor.reset();
  const auto restored = RestoreByThree(keeper_);
  EXPECT_TRUE(restored.ok()) << restored.status();
  EXPECT_THAT(restored->doubted, SizeIs(1));  // and it is said
}

TEST_F(LyingFloorTest, TooFewAnswersAreNoFloor) {
  FloorClaims floors{{}, 3, 1, 2};
  EXPECT_FAILS(CheckFloors(store_, account_, phone_.state().epoch, floors), kUnavailable, kUnproven);
  floors.answers = 2;
  EXPECT_TRUE(CheckFloors(store_, account_, phone_.state().epoch, floors).ok());
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
