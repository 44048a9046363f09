#include "tests/integration/mailbox/world.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

// The store's operator lies to a restoring device, by itself or together with whoever holds the revoked
// phone.
class MailboxAttacks : public MailboxWorld {
 protected:
  // Epoch 4 exists, without the stolen phone; "before" is the store as it was when the phone was a member.
  void LosePhoneAndRevokeIt() {
    LiveUntilEpoch3();
    store().Keep("before");
    KeepHome("phone", "stolen");
    ASSERT_EQ(Restore("tablet").exit_code, 0);
    MustRevoke("tablet", IdOf("phone"));
    MustRun("tablet", "send family 'after the theft'");
    store().Keep("honest");
  }

  // A restore that is refused leaves no trace: not in the store, not in the realms, not on the device.
  void ExpectRefused(const std::string& why) {
    const std::string shown = store().Summary();
    const auto devices = EnrolledDevices();
    const Outcome outcome = Restore("victim");
    EXPECT_EQ(outcome.exit_code, 3) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(why));
    EXPECT_EQ(store().Summary(), shown);
    EXPECT_EQ(EnrolledDevices(), devices);
    EXPECT_THAT(Floors(), Each(4));
    EXPECT_FALSE(fs::exists(folder() / "victim" / "state"));
    EXPECT_FALSE(fs::exists(folder() / "victim" / "record"));
  }
};

TEST_P(MailboxAttacks, AStoreThatHidesTheLastEpochIsCaught) {
  LosePhoneAndRevokeIt();
  store().HideNewestEpoch();
  ExpectRefused("hides the newest epochs");
  EXPECT_EQ(Run("tablet", "read").exit_code, 3);  // it remembers
  store().PutBack("honest");
  ASSERT_EQ(Restore("victim").exit_code, 0);
  EXPECT_THAT(MustRun("victim", "read"), HasSubstr("after the theft"));
}

TEST_P(MailboxAttacks, TruncationIsRefusedWhereverItEnds) {
  LosePhoneAndRevokeIt();
  store().PutBack("before");
  ExpectRefused("hides the newest epochs");
  store().HideNewestEpoch();
  store().HideNewestEpoch();
  ExpectRefused("hides the newest epochs");
}

// That the test above bites: without the floor the attack succeeds, and the thief reads what the victim
// writes.
TEST_P(MailboxAttacks, WithTheFloorOffTruncationSucceeds) {
  LosePhoneAndRevokeIt();
  store().HideNewestEpoch();
  const Outcome outcome = Restore("victim", "--no-floor");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  MustRun("victim", "send family 'my new address' --no-floor");
  EXPECT_THAT(Run("stolen", "read --no-floor").output, HasSubstr("my new address"));
}

// The thief's phone and the store together make another epoch 4.
TEST_P(MailboxAttacks, AForkAtTheFloorsNumberIsRefused) {
  LosePhoneAndRevokeIt();
  store().PutBack("before");
  MustRun("stolen", "device add --no-floor --new-home " + (folder() / "decoy").string());
  const std::string list = MustRun("decoy", "device list --no-floor");
  const std::string decoy = list.substr(list.rfind('\n', list.find("this device")) + 1, 32);
  EXPECT_THAT(MustRevoke("stolen", decoy, "--no-floor"), HasSubstr("opened epoch 4"));
  ExpectRefused("is not the one that the recovery service knows of");
  // An enrolled device sees the same.
  EXPECT_EQ(Run("tablet", "read").exit_code, 3);
  // And the thief gets nothing into the floor: the realms do not know the phone any more.
  EXPECT_EQ(Run("stolen", "read").exit_code, 0);
  EXPECT_THAT(Run("stolen", "read").output, HasSubstr("do not know this device"));
  EXPECT_THAT(Floors(), Each(4));
  // Without the floor, the fork passes for the truth.
  EXPECT_EQ(Restore("believer", "--no-floor").exit_code, 0);
  EXPECT_THAT(MustRun("believer", "read --no-floor"), Not(HasSubstr("after the theft")));
}

INSTANTIATE_TEST_SUITE_P(Stores, MailboxAttacks, ::testing::Values(StoreKind::kFolder, StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
