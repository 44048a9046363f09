#include "hsm/base/status_macros.h"
#include "recovery/client/enroll.h"
#include "recovery/client/epoch_floor.h"
#include "recovery/client/recover.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/mailbox.h"
#include "tests/integration/mailbox/world.h"
#include "tests/support/realm/core_call.h"
#include "tools/mailbox/home.h"
#include "tools/mailbox/recovery_floor.h"

namespace labrec::mailbox {
namespace {

using recovery::Operation;
using recovery::client::DeviceKey;
using recovery::client::RealmSet;
using recovery::labyrinth::Floor;
using recovery::labyrinth::FloorClaims;
using recovery::labyrinth::FloorKeeper;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::Reason;
using recovery::labyrinth::ReasonOf;
using ::testing::Each;
using ::testing::ElementsAre;
namespace wire = recovery::wire;

// What the realms accept as a floor, spoken to by the client library.
class FloorService : public MailboxWorld {
 protected:
  void LiveUntilEpoch1() {
    MustRun("phone", std::string("init") + kStart);
    MustRun("phone", "code make --pin-stdin", std::string(kPin) + "\n");
    MustRun("phone", "device add --new-home " + (folder() / "laptop").string());
    laptop_ = IdOf("laptop");
  }
  Home HomeOf(const std::string& name) { return Home(folder() / name); }
  DeviceKey KeyOf(const std::string& name) { return *DeviceKey::Load(HomeOf(name).DeviceKeyPath()); }
  RecoveryFloor FloorOf(const std::string& name) {
    return RecoveryFloor({*realms_, "default", 2, HomeOf(name).DeviceKeyPath()});
  }
  Floor Kept(const std::string& home) {
    const auto kept = FloorOf(home).ReadFloor();
    EXPECT_TRUE(kept.ok() && kept->claims.size() == kRealms) << kept.status();
    return kept.ok() && !kept->claims.empty() ? kept->claims.front().floor : Floor{};
  }
  wire::Signature Authorize(const Floor& floor, const recovery::client::RequestSigner& key) {
    const Bytes body = recovery::RaiseFloorBody("default", floor.sequence, floor.digest);
    auto signature = test::AuthorizeAt(*realms_, 0, Operation::kRaiseFloor, body, key);
    EXPECT_TRUE(signature.ok()) << signature.status();
    return signature.value_or(wire::Signature());
  }
  wire::RaiseFloorRequest Signed(const Floor& floor, const DeviceKey& key) {
    wire::RaiseFloorRequest request;
    request.record = "default";
    request.sequence = floor.sequence;
    request.digest = ToBytes(floor.digest);
    request.authorization = Authorize(floor, key);
    return request;
  }
  absl::Status Raise(const wire::RaiseFloorRequest& request) {
    return test::CallRealm(*realms_, 0, request).status();
  }

  std::unique_ptr<RealmSet> realms_ = NewRealmSet();
  std::string laptop_;
};

TEST_P(FloorService, RefusesWhatIsUnsignedReplayedLowerOrConflicting) {
  LiveUntilEpoch1();
  const Floor old = Kept("phone");
  const wire::RaiseFloorRequest replayed = Signed(old, KeyOf("phone"));
  ASSERT_TRUE(Raise(replayed).ok());  // raising to what is kept is fine, once
  MustRevoke("phone", laptop_);
  const Floor kept = Kept("phone");
  ASSERT_EQ(kept.sequence, 1U);

  Floor higher = kept;
  higher.sequence = 2;
  Floor conflicting = kept;
  conflicting.digest[0] ^= 1;
  EXPECT_TRUE(absl::IsPermissionDenied(Raise(replayed)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Raise(Signed(old, KeyOf("phone")))));
  EXPECT_TRUE(absl::IsFailedPrecondition(Raise(Signed(conflicting, KeyOf("phone")))));
  EXPECT_TRUE(absl::IsPermissionDenied(Raise(Signed(higher, KeyOf("laptop")))));  // revoked
  EXPECT_TRUE(absl::IsPermissionDenied(Raise(Signed(higher, DeviceKey::Make()))));
  wire::RaiseFloorRequest unsigned_request = Signed(higher, KeyOf("phone"));
  unsigned_request.authorization.reset();
  EXPECT_FALSE(Raise(unsigned_request).ok());
  wire::RaiseFloorRequest changed = Signed(kept, KeyOf("phone"));
  changed.sequence = 7;  // signed for 1
  EXPECT_TRUE(absl::IsPermissionDenied(Raise(changed)));
  EXPECT_THAT(Floors(), Each(1));
  EXPECT_EQ(Kept("phone"), kept);
}

// Whoever knows the PIN can enrol a device, which may raise the floor; the PIN alone may not.
TEST_P(FloorService, AnUnlockKeyRaisesNothing) {
  LiveUntilEpoch1();
  auto outcome = Recover(*realms_, {"default", 2}, SecretBytes::CopyOf(AsBytes(kPin)));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto* recovered = std::get_if<recovery::client::Recovered>(&*outcome);
  ASSERT_NE(recovered, nullptr);
  ASSERT_EQ(recovered->floors.size(), kRealms);
  EXPECT_EQ(recovered->floors[0].device, KeyOf("phone").public_key());
  const Floor higher{9, {}};
  wire::RaiseFloorRequest request = Signed(higher, KeyOf("phone"));
  request.authorization = Authorize(higher, recovered->authority);
  EXPECT_TRUE(absl::IsPermissionDenied(Raise(request)));
  EXPECT_THAT(Floors(), Each(0));
}

TEST_P(FloorService, TheKeeperSaysWhyItRefuses) {
  LiveUntilEpoch1();
  const Floor old = Kept("phone");
  MustRevoke("phone", laptop_);
  RecoveryFloor keeper = FloorOf("phone");
  EXPECT_EQ(ReasonOf(keeper.RaiseFloor(old)), Reason::kTruncated);
  Floor conflicting = Kept("phone");
  conflicting.digest[0] ^= 1;
  EXPECT_EQ(ReasonOf(keeper.RaiseFloor(conflicting)), Reason::kForked);
  EXPECT_EQ(ReasonOf(FloorOf("laptop").ReadFloor().status()), Reason::kLeftOut);
}

// The process dies after the store has the epoch and before the realms have its floor.
class DiesBeforeRaising : public FloorKeeper {
 public:
  explicit DiesBeforeRaising(FloorKeeper& real) : real_(real) {}
  absl::StatusOr<FloorClaims> ReadFloor() override { return real_.ReadFloor(); }
  absl::Status RaiseFloor(const Floor& floor) override {
    if (floor.sequence > 0) return absl::UnavailableError("the process is dead");
    return real_.RaiseFloor(floor);
  }

 private:
  FloorKeeper& real_;
};

class CrashBetween : public FloorService {
 protected:
  void DieWhileRevokingTheLaptop() {
    LiveUntilEpoch1();
    KeepHome("laptop", "tablet");
    RecoveryFloor real = FloorOf("phone");
    DiesBeforeRaising dying(real);
    const auto store_client = store().Open();
    auto state = HomeOf("phone").LoadState();
    ASSERT_TRUE(state.ok());
    Mailbox mailbox(*store_client, dying, *std::move(state));
    const auto laptop = recovery::labyrinth::ParseId(*FromHex(laptop_));
    const auto members = mailbox.Members();
    ASSERT_TRUE(members.ok()) << members.status();
    EXPECT_FALSE(mailbox.Revoke({*laptop}, LinesOf(*members)).ok());
    EXPECT_EQ(mailbox.state().epoch.sequence(), 0U);  // nothing is sent in the new epoch, nothing reported
    EXPECT_EQ(store().Open()->GetHead()->sequence, 1U);
    EXPECT_THAT(Floors(), Each(0));
  }
};

TEST_P(CrashBetween, TheNextStartOfTheDeviceRaisesTheFloor) {
  DieWhileRevokingTheLaptop();
  EXPECT_THAT(MustRun("phone", "send family hello"), ::testing::HasSubstr("in epoch 1"));
  EXPECT_THAT(Floors(), Each(1));
  EXPECT_EQ(Run("laptop", "send family hello").exit_code, 2);
}

TEST_P(CrashBetween, ARestoredDeviceRaisesTheFloor) {
  DieWhileRevokingTheLaptop();
  std::filesystem::remove_all(folder() / "phone");
  const Outcome restored = Restore("new");
  EXPECT_EQ(restored.exit_code, 0) << restored.output;
  EXPECT_THAT(Floors(), Each(1));
}

TEST_P(CrashBetween, BeforeThatTheStoreCouldStillHideTheEpochAndThePhoneNotices) {
  DieWhileRevokingTheLaptop();
  MustRun("phone", "read");
  store().HideNewestEpoch();
  EXPECT_EQ(Run("phone", "read").exit_code, 3);
}

INSTANTIATE_TEST_SUITE_P(Stores, FloorService, ::testing::Values(StoreKind::kServer),
                         ::testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Stores, CrashBetween, ::testing::Values(StoreKind::kFolder, StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
