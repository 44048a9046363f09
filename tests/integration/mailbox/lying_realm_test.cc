#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "recovery/api/request_bytes.h"
#include "tests/integration/mailbox/world.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/other_process.h"

// One realm lies, or the program dies at a bad moment.
namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
namespace api = ::labyrinth::recovery::v1;
using ::testing::HasSubstr;
using ::testing::Not;

class LyingRealm : public MailboxWorld {
 protected:
  // A floor by a key of the realm's own: its signature is right.
  api::Floor Forge(uint64_t sequence) {
    api::Floor floor;
    floor.set_sequence(sequence);
    floor.set_digest(std::string(32, 'f'));
    floor.set_device_public_key(ToString(key_.public_key().Spki()));
    floor.set_device_id(ToString(key_.public_key().DeviceId()));
    floor.set_challenge(std::string(32, 'c'));
    const auto realms = NewRealmSet();
    const Bytes body = recovery::RaiseFloorBody("default", sequence, AsBytes(floor.digest()));
    floor.set_signature(ToString(key_.Sign(
        RequestBytes(realms->Scope(0), recovery::Operation::kRaiseFloor, AsBytes(floor.challenge()), body))));
    return floor;
  }
  void LieAboutTheFloor(uint64_t sequence) {
    LiarBefore(0).OnAnswer([forged = Forge(sequence)](const std::string&, google::protobuf::Message& answer) {
      if (auto* read = dynamic_cast<api::GetFloorResponse*>(&answer)) *read->mutable_floor() = forged;
      if (auto* unlock = dynamic_cast<api::UnlockResponse*>(&answer); unlock && unlock->has_unlocked()) {
        *unlock->mutable_unlocked()->mutable_floor() = forged;
      }
      return grpc::Status::OK;
    });
    LiarBefore(0).OnRequest([](const std::string& rpc, const google::protobuf::Message&) {
      if (rpc != "RaiseFloor") return grpc::Status::OK;
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the floor is never lowered");
    });
  }

  const EcdsaPrivateKey key_ = EcdsaPrivateKey::Generate();
};

TEST_P(LyingRealm, AFloorThatItMadeUpStopsNothing) {
  LiveUntilEpoch3();
  for (const uint64_t sequence : {uint64_t{1} << 40, uint64_t{2}}) {
    LieAboutTheFloor(sequence);
    EXPECT_THAT(MustRun("phone", "read"), HasSubstr("it is not believed"));
    EXPECT_THAT(MustRun("phone", "send family 'goes on'"), Not(HasSubstr("--no-floor")));
    const std::string home = "tablet" + std::to_string(sequence);
    const Outcome restored = Restore(home);
    EXPECT_EQ(restored.exit_code, 0) << restored.output;
    EXPECT_THAT(restored.output, HasSubstr("it is not believed"));
    EXPECT_THAT(MustRevoke("phone", IdOf(home)), HasSubstr("opened epoch"));
  }
  EXPECT_EQ(FloorAt(1), 5);
  EXPECT_EQ(FloorAt(2), 5);
  // With another realm away nobody can tell who lies: nothing goes on, and nobody is told to believe the
  // store.
  ASSERT_TRUE(realm(1).StopDaemon().ok());
  for (const Outcome& stopped : {Run("phone", "send family 'who knows'"), Restore("watch")}) {
    EXPECT_EQ(stopped.exit_code, 5) << stopped.output;
    EXPECT_THAT(stopped.output, HasSubstr("realm oslo"));
    EXPECT_THAT(stopped.output, Not(HasSubstr("--no-floor")));
  }
  EXPECT_FALSE(fs::exists(folder() / "watch" / "state"));
}

// What a realm says of itself, and why it refuses, reaches the terminal as text, in its own line.
TEST_P(LyingRealm, WhatItSaysDrivesNoTerminal) {
  LiarBefore(0).OnRequest([](const std::string& rpc, const google::protobuf::Message&) {
    if (rpc != "EnrollDevice") return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "\x1b]0;title\x07 no\nenrolling: all is well");
  });
  LiarBefore(0).OnAnswer([](const std::string&, google::protobuf::Message& answer) {
    if (auto* realm = dynamic_cast<api::GetRealmResponse*>(&answer)) {
      realm->set_device_kind("\x1b[2Jtpm2");
      realm->set_device_warning("\xc2\x9b\x31mwarning\n  porto: destroyed");
    }
    return grpc::Status::OK;
  });
  MustRun("phone", std::string("init") + kStart);
  const std::string made = Run("phone", "code make --pin-stdin", std::string(kPin) + "\n").output;
  EXPECT_THAT(made, HasSubstr("\\x1B]0;title\\x07 no\\x0Aenrolling: all is well"));
  for (const std::string& words : {std::string("status"), std::string("status --json")}) {
    const std::string command = LABREC_BIN_DIR "/labyrinth-recover " + words + " --realms " +
                                (folder() / "realms.toml").string() + " >" + (folder() / "status").string() +
                                " 2>&1";
    (void)!std::system(command.c_str());
    std::ifstream file(folder() / "status");
    const std::string status{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(status, HasSubstr("tpm2")) << words;
    EXPECT_THAT(status, Not(HasSubstr("\x1b"))) << words;
    EXPECT_THAT(status, Not(HasSubstr("\xc2\x9b"))) << words;
    EXPECT_THAT(status, Not(HasSubstr("\n  porto: destroyed"))) << words;
  }
}

// The floor is signed by a tablet that joined in the epoch that the store ends with, and that it hides too.
TEST_P(LyingRealm, TheStoreCannotMakeAFloorDoubtfulByHidingItsDevice) {
  LiveUntilEpoch3();
  store().Keep("before");
  ASSERT_EQ(Restore("tablet").exit_code, 0);
  MustRevoke("tablet", IdOf("phone"));
  store().PutBack("before");
  const Outcome victim = Restore("victim");
  EXPECT_EQ(victim.exit_code, 3) << victim.output;
  EXPECT_THAT(victim.output, HasSubstr("hides the newest epochs"));
}

// Killed when it asks the first realm to enrol it: it is a member of the mailbox by then.
TEST_P(LyingRealm, ARestoreThatIsKilledHalfwayLeavesNoDeviceThatBelievesTheStore) {
  LiveUntilEpoch3();
  MustRun("phone", "device add --new-home " + (folder() / "spare").string());
  const std::string spare = IdOf("spare");
  std::atomic<pid_t> victim = 0;
  LiarBefore(0).OnRequest([&victim](const std::string& rpc, const google::protobuf::Message&) {
    if (rpc == "EnrollDevice") test::KillFromAside(victim);
    return grpc::Status::OK;
  });
  std::ofstream(folder() / "pin") << kPin << "\n";
  const std::string tablet = (folder() / "tablet").string();
  const auto child =
      test::ChildProcess::Start({{"/bin/sh", "-c",
                                  "exec " LABREC_BIN_DIR "/labyrinth-mailbox --home " + tablet + " --store " +
                                      store().name() + " --realms " + (folder() / "realms.toml").string() +
                                      " restore --pin-stdin <" + (folder() / "pin").string()},
                                 {},
                                 folder() / "restore.log"});
  ASSERT_TRUE(child.ok()) << child.status();
  victim = (*child)->pid();
  const auto ended = (*child)->Wait(std::chrono::seconds(60));
  ASSERT_TRUE(ended.ok()) << ended.status();
  ASSERT_EQ(*ended, 128 + SIGKILL);
  LiarBefore(0).Behave();
  ASSERT_TRUE(fs::exists(folder() / "tablet" / "state"));

  // The phone goes on to epoch 4; the store shows the tablet what was before.
  store().Keep("before");
  MustRevoke("phone", spare);
  store().PutBack("before");
  const Outcome read = Run("tablet", "read");
  EXPECT_TRUE(read.exit_code == 3 || read.output.find("do not know this device") != std::string::npos)
      << read.output;
  EXPECT_NE(Run("tablet", "send family 'stale'").exit_code, 0);
  EXPECT_EQ(Run("tablet", "device enroll --pin-stdin", std::string(kPin) + "\n").exit_code, 3);
  EXPECT_EQ(Run("tablet", "read").exit_code, 3);
}

// What the owner of a code demands of the realms is demanded: porto's token counts in no chip and proves
// none, and of the chips that there are no vendor is known.
TEST_P(LyingRealm, ACodeIsSealedOnlyAsItsOwnerDemands) {
  MustRun("phone", std::string("init") + kStart);
  const test::TestCertificate nobody;
  fs::create_directory(folder() / "roots");
  fs::copy_file(nobody.certificate_file(), folder() / "roots" / "nobody.pem");
  std::ofstream(folder() / "policy.toml") << "[endorsement]\nroots = \"roots\"\n";
  const std::string make = "code make --pin-stdin ";
  const std::string pin = std::string(kPin) + "\n";
  const Outcome unproven = Run("phone", make + "--attest-policy " + (folder() / "policy.toml").string(), pin);
  EXPECT_NE(unproven.exit_code, 0) << unproven.output;
  EXPECT_THAT(unproven.output, HasSubstr("prove"));
  EXPECT_THAT(EnrolledDevices(), ::testing::Each(0U)) << "a realm that proved nothing was asked";
  const Outcome uncounted =
      Run("phone", make + "--enforcement chip --ek-roots " + (folder() / "roots").string(), pin);
  EXPECT_NE(uncounted.exit_code, 0) << uncounted.output;
  EXPECT_THAT(uncounted.output, HasSubstr("the code that was made is not sealed"));
  EXPECT_THAT(MustRun("phone", make, pin), HasSubstr("sealed recovery code"));
}

// The environment of what this process starts, for as long as it lives.
class Preloaded {
 public:
  Preloaded(const fs::path& home, int step) {
    setenv("LD_PRELOAD", LABREC_BIN_DIR "/../tests/libcrash_shim.so", 1);
    setenv("CRASH_FOLDER", (home.string() + "/").c_str(), 1);
    setenv("CRASH_AT", std::to_string(step).c_str(), 1);
  }
  ~Preloaded() {
    for (const char* name : {"LD_PRELOAD", "CRASH_FOLDER", "CRASH_AT"}) unsetenv(name);
  }
  Preloaded(const Preloaded&) = delete;
  Preloaded& operator=(const Preloaded&) = delete;
};

// The same, killed before each write, sync and rename in its home, one home for each.
TEST_P(LyingRealm, ARestoreThatIsKilledAtAnyWriteLeavesNoDeviceThatBelievesTheStore) {
  LiveUntilEpoch3();
  MustRun("phone", "device add --new-home " + (folder() / "spare").string());
  const std::string spare = IdOf("spare");
  std::vector<std::string> homes;
  for (int exit_code = -1; exit_code != 0;) {
    const std::string home = "tablet" + std::to_string(homes.size() + 1);
    const Preloaded killed(folder() / home, static_cast<int>(homes.size()) + 1);
    const Outcome restored = Restore(home);
    exit_code = restored.exit_code;
    ASSERT_TRUE(exit_code == 0 || exit_code == -1 || exit_code == 128 + SIGKILL) << restored.output;
    homes.push_back(home);
    ASSERT_LT(homes.size(), 100);
  }
  EXPECT_GT(homes.size(), 10);

  store().Keep("before");
  MustRevoke("phone", spare);
  store().PutBack("before");
  size_t members = 0;
  for (const std::string& home : homes) {
    const Outcome read = Run(home, "read");
    EXPECT_NE(read.exit_code, 0) << home << ": " << read.output;
    if (!fs::exists(folder() / home / "state")) continue;
    ++members;
    EXPECT_TRUE(read.exit_code == 3 || read.output.find("do not know this device") != std::string::npos)
        << home << ": " << read.output;
  }
  EXPECT_GT(members, 1);
}

// A home of before that has no record, and realms that are named: it is said.
TEST_P(LyingRealm, AHomeThatAsksNoRealmSaysSo) {
  LiveUntilEpoch3();
  ASSERT_EQ(Restore("tablet").exit_code, 0);
  fs::remove(folder() / "tablet" / "record");
  EXPECT_THAT(MustRun("tablet", "read"), HasSubstr("no realm is asked for the epoch floor"));
  EXPECT_THAT(MustRun("tablet", "read --no-floor"), Not(HasSubstr("no realm is asked")));
  MustRun("tablet", "device enroll --pin-stdin", std::string(kPin) + "\n");
  EXPECT_THAT(MustRun("tablet", "read"), Not(HasSubstr("no realm is asked")));
}

INSTANTIATE_TEST_SUITE_P(Stores, LyingRealm, ::testing::Values(StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
