#include "tests/integration/mailbox/world.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class MailboxJourney : public MailboxWorld {};

TEST_P(MailboxJourney, ThePhoneIsLostAndThePinBringsEverythingBack) {
  LiveUntilEpoch3();
  EXPECT_THAT(Floors(), Each(3));
  EXPECT_THAT(EnrolledDevices(), Each(1U));
  const std::string phone_id = IdOf("phone");
  KeepHome("phone", "stolen");
  fs::remove_all(folder() / "phone");

  const Outcome restored = Restore("tablet");
  ASSERT_EQ(restored.exit_code, 0) << restored.output;
  EXPECT_THAT(restored.output, HasSubstr("restored 8 messages in 4 epochs"));
  ExpectAllReadable(MustRun("tablet", "read"));
  EXPECT_THAT(MustRun("tablet", "read --thread work"), Not(HasSubstr("family")));
  EXPECT_THAT(EnrolledDevices(), Each(2U));

  EXPECT_THAT(MustRevoke("tablet", phone_id.substr(0, 10)), HasSubstr("opened epoch 4"));
  MustRun("tablet", "send family 'after the theft'");
  EXPECT_THAT(Floors(), Each(4));
  EXPECT_THAT(EnrolledDevices(), Each(1U));
  EXPECT_THAT(MustRun("tablet", "device list"), Not(HasSubstr(phone_id)));
  for (const char* how : {"read", "read --offline", "read --no-floor"}) {
    const Outcome stolen = Run("stolen", how);
    ExpectAllReadable(stolen.output);
    EXPECT_THAT(stolen.output, Not(HasSubstr("after the theft"))) << how;
  }
  EXPECT_EQ(Run("stolen", "send family 'it is me'").exit_code, 2);
  EXPECT_EQ(Run("stolen", "send family 'it is me' --no-floor").exit_code, 2);

  // The code in the realms is still good, whatever was revoked since.
  const Outcome again = Restore("watch");
  ASSERT_EQ(again.exit_code, 0) << again.output;
  EXPECT_THAT(MustRun("watch", "read"), HasSubstr("after the theft"));
}

TEST_P(MailboxJourney, AWrongPinBringsNothingAndWritesNothing) {
  LiveUntilEpoch3();
  const std::string before = store().Summary();
  const Outcome wrong = Restore("tablet", "", "000000");
  EXPECT_EQ(wrong.exit_code, 4) << wrong.output;
  EXPECT_THAT(wrong.output, HasSubstr("6 tries are left"));
  EXPECT_EQ(store().Summary(), before);
  EXPECT_THAT(EnrolledDevices(), Each(1U));
  EXPECT_FALSE(fs::exists(folder() / "tablet" / "state"));
  EXPECT_EQ(Restore("tablet").exit_code, 0);
  EXPECT_THAT(TriesLeft(), Each(7U));
}

TEST_P(MailboxJourney, ADeviceElsewhereJoinsAndEnrolsByThePin) {
  LiveUntilEpoch3();
  const std::string request = (folder() / "request").string();
  MustRun("laptop", std::string("device request") + kStart + " " + request);
  MustRun("phone", "device add --request " + request);
  MustRun("laptop", "device accept");
  EXPECT_THAT(EnrolledDevices(), Each(1U));
  MustRun("laptop", "device enroll --pin-stdin", std::string(kPin) + "\n");
  EXPECT_THAT(EnrolledDevices(), Each(2U));
  EXPECT_THAT(MustRevoke("laptop", IdOf("phone")), HasSubstr("opened epoch 4"));
  EXPECT_THAT(Floors(), Each(4));
  EXPECT_EQ(Run("phone", "send family hello").exit_code, 2);
}

// A floor counts when every two realms include one that has it; the third catches up.
TEST_P(MailboxJourney, ARealmThatWasAwayCatchesUpAndAnotherMayGo) {
  LiveUntilEpoch3();
  MustRun("phone", "device add --new-home " + (folder() / "laptop").string());
  const std::string laptop = IdOf("laptop");
  ASSERT_TRUE(realm(2).StopDaemon().ok());
  const Outcome revoked = Revoke("phone", laptop);
  EXPECT_EQ(revoked.exit_code, 1) << revoked.output;  // the realm that is away still knows the device
  EXPECT_THAT(revoked.output, HasSubstr("opened epoch 4"));
  EXPECT_THAT(revoked.output, HasSubstr("the epoch floor is not raised yet at realm quito"));
  ASSERT_TRUE(realm(2).StartDaemon().ok());
  EXPECT_THAT(Floors(), ElementsAre(4, 4, 3));
  EXPECT_THAT(EnrolledDevices(), ElementsAre(1, 1, 2));

  // Oslo is away; quito alone would be believed to be at 3, but porto knows better.
  ASSERT_TRUE(realm(0).StopDaemon().ok());
  store().Keep("honest");
  store().HideNewestEpoch();
  const Outcome lied_to = Restore("tablet");
  EXPECT_EQ(lied_to.exit_code, 3) << lied_to.output;
  store().PutBack("honest");
  ASSERT_TRUE(realm(0).StartDaemon().ok());

  MustRun("phone", "read");
  EXPECT_THAT(Floors(), Each(4));
  EXPECT_THAT(MustRun("phone", "device revoke " + laptop), HasSubstr("revoked at 3 realms"));
  EXPECT_THAT(EnrolledDevices(), Each(1U));
}

TEST_P(MailboxJourney, WithTooFewRealmsNothingIsBelieved) {
  LiveUntilEpoch3();
  ASSERT_TRUE(realm(0).StopDaemon().ok());
  ASSERT_TRUE(realm(2).StopDaemon().ok());
  const std::string before = store().Summary();
  EXPECT_EQ(Run("phone", "send family hello").exit_code, 5);
  EXPECT_EQ(Restore("tablet").exit_code, 5);
  EXPECT_EQ(store().Summary(), before);
  ExpectAllReadable(MustRun("phone", "read --offline"));
}

TEST_P(MailboxJourney, TheFloorIsNotForgottenByLeavingTheRealmsOut) {
  LiveUntilEpoch3();
  const Outcome without = Run("phone", "read --realms ''");
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.output, HasSubstr("--realms"));
  EXPECT_THAT(without.output, Not(HasSubstr("--no-floor")));
}

INSTANTIATE_TEST_SUITE_P(Stores, MailboxJourney, ::testing::Values(StoreKind::kFolder, StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
