#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <stdlib.h>
#include <sys/wait.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/checkout_paths.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int exit_code;
  std::string output;  // stdout and stderr
};

// The program itself, on a store and homes in a private folder.
class MailboxProgram : public ::testing::Test {
 protected:
  MailboxProgram() {
    std::string name = (fs::temp_directory_path() / "mailbox_cli.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~MailboxProgram() override { fs::remove_all(folder_); }

  Outcome Run(const std::string& home, const std::string& arguments, const std::string& input = "") {
    std::ofstream(folder_ / "input") << input;
    const std::string command = std::string(LABREC_BIN_DIR) + "/labyrinth-mailbox --home " +
                                (folder_ / home).string() + " --store " + (folder_ / "store").string() + " " +
                                arguments + " < " + (folder_ / "input").string() + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string output;
    char buffer[4096];
    while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
  }

  std::string MustRun(const std::string& home, const std::string& arguments, const std::string& input = "") {
    const Outcome outcome = Run(home, arguments, input);
    EXPECT_EQ(outcome.exit_code, 0) << arguments << ": " << outcome.output;
    return outcome.output;
  }

  // As an owner does it who looks at the list first.
  std::string Revoke(const std::string& home, const std::string& id) {
    MustRun(home, "device list");
    return MustRun(home, "device revoke " + id);
  }

  std::string IdOf(const std::string& home) {
    const std::string list = MustRun(home, "device list");
    const size_t mark = list.find("this device");
    EXPECT_NE(mark, std::string::npos) << list;
    const size_t line = list.rfind('\n', mark);
    return list.substr(line + 1, 32);
  }

  fs::path folder_;
};

constexpr char kAccount[] = " --tenant example --account alice";

TEST_F(MailboxProgram, TheJourneyWithoutARecoveryService) {
  MustRun("phone", std::string("init") + kAccount);
  MustRun("phone", "send family 'hello'");
  MustRun("phone", "device add --new-home " + (folder_ / "laptop").string());
  MustRun("laptop", "send work", "from stdin\n");
  const std::string code = MustRun("phone", "code paper");
  ASSERT_EQ(code.size(), 48U) << code;

  EXPECT_THAT(Revoke("phone", IdOf("laptop").substr(0, 8)), HasSubstr("revoked"));
  MustRun("phone", "send family 'the laptop is gone'");
  const Outcome revoked = Run("laptop", "send family 'still here'");
  EXPECT_EQ(revoked.exit_code, 2);
  const std::string laptop = MustRun("laptop", "read");
  EXPECT_THAT(laptop, HasSubstr("family: hello"));
  EXPECT_THAT(laptop, Not(HasSubstr("the laptop is gone")));

  std::string typed = code;  // a wrong character, lower case
  typed[8] = typed[8] == 'X' ? 'Y' : 'X';
  for (char& character : typed) character = static_cast<char>(tolower(character));
  EXPECT_THAT(MustRun("tablet", std::string("restore") + kAccount, typed), HasSubstr("1 wrong characters"));
  const std::string tablet = MustRun("tablet", "read");
  EXPECT_THAT(tablet, HasSubstr("family: hello"));
  EXPECT_THAT(tablet, HasSubstr("work: from stdin"));
  EXPECT_THAT(tablet, HasSubstr("family: the laptop is gone"));
  EXPECT_THAT(MustRun("tablet", "read --thread work"), Not(HasSubstr("family")));
  EXPECT_THAT(MustRun("tablet", "read --since-epoch 1"), Not(HasSubstr("hello")));
}

TEST_F(MailboxProgram, ADeviceElsewhereIsLetInByARequest) {
  MustRun("phone", std::string("init") + kAccount);
  MustRun("phone", "send a first");
  const std::string request = (folder_ / "request").string();
  MustRun("watch", std::string("device request") + kAccount + " " + request);
  EXPECT_EQ(Run("watch", "device accept").exit_code, 1);  // nobody let it in yet
  MustRun("phone", "device add --request " + request);
  MustRun("watch", "device accept");
  EXPECT_THAT(MustRun("watch", "read"), HasSubstr("a: first"));
  EXPECT_EQ(Run("watch", std::string("device request") + kAccount + " " + request + "2").exit_code, 1);
}

TEST_F(MailboxProgram, AStoreThatHidesAnEpochIsCaught) {
  MustRun("phone", std::string("init") + kAccount);
  MustRun("phone", "device add --new-home " + (folder_ / "laptop").string());
  Revoke("phone", IdOf("laptop"));
  fs::remove_all(folder_ / "store" / "epochs" / "00000000000000000001");
  const Outcome read = Run("phone", "read");
  EXPECT_EQ(read.exit_code, 3);
  EXPECT_THAT(read.output, HasSubstr("hides the newest epochs"));
  EXPECT_EQ(Run("phone", "send a text").exit_code, 3);
}

// The owner revokes what he has looked at: whom the list did not show holds it up, and is named.
TEST_F(MailboxProgram, NobodyIsRevokedBeforeTheOwnerHasSeenWhoStays) {
  MustRun("phone", std::string("init") + kAccount);
  MustRun("phone", "device add --new-home " + (folder_ / "stolen").string());
  MustRun("phone", "device list");
  MustRun("stolen", "device add --new-home " + (folder_ / "second").string());
  const std::string stolen = IdOf("stolen"), second = IdOf("second");
  const Outcome blind = Run("phone", "device revoke " + stolen);
  EXPECT_EQ(blind.exit_code, 1);
  EXPECT_THAT(blind.output, HasSubstr(second));
  EXPECT_THAT(MustRun("phone", "device list"), HasSubstr("epoch 0"));
  MustRun("phone", "device add --new-home " + (folder_ / "laptop").string());
  const std::string laptop = IdOf("laptop");
  EXPECT_EQ(Run("phone", "device revoke " + stolen).exit_code, 1);
  // Whoever is not known may be named with it. A whole id need not be in the list.
  MustRun("phone", "device list");
  const std::string revoked = MustRun("phone", "device revoke " + stolen + " " + second.substr(0, 8));
  EXPECT_THAT(revoked, HasSubstr("opened epoch 1"));
  const std::string readers = revoked.substr(revoked.find("who can read epoch 1:"));
  EXPECT_THAT(readers, HasSubstr(laptop + "  device"));
  EXPECT_THAT(readers, HasSubstr("this device"));
  EXPECT_THAT(readers, Not(HasSubstr(stolen)));
  EXPECT_THAT(readers, Not(HasSubstr(second)));
  // What was printed has been seen.
  EXPECT_THAT(MustRun("phone", "device revoke " + stolen), HasSubstr("opened epoch 2"));
  EXPECT_EQ(Run("second", "send a text").exit_code, 2);
}

TEST_F(MailboxProgram, AFailedRestoreMayBeTriedAgain) {
  MustRun("phone", std::string("init") + kAccount);
  const std::string code = MustRun("phone", "code paper");
  EXPECT_EQ(Run("tablet", std::string("restore") + kAccount, "nonsense\n").exit_code, 1);
  EXPECT_EQ(Run("tablet", "restore --tenant example --account bob", code).exit_code, 1);
  MustRun("tablet", std::string("restore") + kAccount, code);
  EXPECT_EQ(Run("tablet", std::string("restore") + kAccount, code).exit_code, 1);  // a device's home now
}

TEST_F(MailboxProgram, OthersTextCannotDriveTheTerminal) {
  MustRun("phone", std::string("init") + kAccount);
  MustRun("phone", "send a", "red \x1b[31m bell \a and\na new line");
  const std::string read = MustRun("phone", "read");
  EXPECT_THAT(read, HasSubstr("red \\x1B[31m bell \\x07 and\n    a new line"));
}

TEST_F(MailboxProgram, SecretFilesAreTheOwners) {
  MustRun("phone", std::string("init") + kAccount);
  for (const char* name : {"phone/state", "phone/device_key.pem"}) {
    const auto mode = fs::status(folder_ / name).permissions();
    EXPECT_EQ(mode & (fs::perms::group_all | fs::perms::others_all), fs::perms::none) << name;
  }
}

}  // namespace
}  // namespace labrec::mailbox
