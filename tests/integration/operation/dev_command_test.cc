#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

// "labyrinth-admin dev", as a job of somebody's CI uses it.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

constexpr char kAdmin[] = LABREC_BIN_DIR "/labyrinth-admin";
constexpr int kPatienceMs = 60'000;

// Waits for the end of a process that may be nobody's child here. Whether it came.
bool Ends(pid_t process) {
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (watched < 0) return errno == ESRCH;
  pollfd end{watched, POLLIN, 0};
  const bool ended = poll(&end, 1, kPatienceMs) == 1;
  close(watched);
  return ended;
}

class DevCommand : public testing::Test {
 protected:
  FinishedCommand Dev(const std::vector<std::string>& options, const std::string& admin = kAdmin) {
    std::vector<std::string> words = {admin, "dev"};
    words.insert(words.end(), options.begin(), options.end());
    return RunCommand(words, "", {{"TMPDIR", folder_.path().string()}});
  }
  // Starts realms in a shell, as the documents say, and ends them there by `how`. The line that they printed.
  Json StartAndEnd(const std::string& how) {
    const FinishedCommand shell =
        RunCommand({"bash", "-c",
                    absl::StrCat("exec 3< <(exec ", kAdmin,
                                 " dev --realms 3 --json); read -r realms <&3; echo \"$realms\"; ",
                                 "pid=$(jq .pid <<<\"$realms\"); ", how)},
                   "", {{"TMPDIR", folder_.path().string()}});
    EXPECT_EQ(shell.code, 0) << shell.err;
    const Json realms = Json::parse(shell.out, nullptr, false);
    EXPECT_TRUE(realms.is_object()) << shell.out << shell.err;
    return realms;
  }
  static void ExpectEnds(const Json& realms) {
    EXPECT_TRUE(Ends(realms.at("pid"))) << "labyrinth-admin dev goes on";
    ASSERT_EQ(realms.at("realms").size(), 3U);
    for (const Json& realm : realms["realms"]) {
      EXPECT_TRUE(Ends(realm.at("pid"))) << "the daemon of " << realm.at("name");
      if (!realm["device_pid"].is_number()) continue;
      EXPECT_TRUE(Ends(realm["device_pid"])) << "the TPM of " << realm["name"];
    }
  }
  bool NothingIsLeft() const { return fs::is_empty(folder_.path()); }

  TemporaryFolder folder_;
};

// All of it from an installed prefix: nothing of the build is in PATH.
TEST_F(DevCommand, RunsATestAgainstThreeRealmsFromAnInstalledPrefix) {
  const TemporaryFolder root;
  const FinishedCommand installed =
      RunCommand({LABREC_CMAKE, "--install", LABREC_BUILD_DIR}, "", {{"DESTDIR", root.path().string()}});
  ASSERT_EQ(installed.code, 0) << installed.err;
  const fs::path bin = root.path() / fs::path(LABREC_PREFIX).relative_path() / "bin";
  const std::string recover =
      absl::StrCat((bin / "labyrinth-recover").string(),
                   " $command --realms $LABYRINTH_DEV_REALMS --token-file ", "$LABYRINTH_DEV_TOKENS");
  const fs::path test = folder_.path() / "test.sh";
  std::ofstream(test) << "set -e\ncd " << root.path().string()
                      << "\numask 077\nhead -c 32 /dev/urandom >storage.key\n"
                      << (bin / "labyrinth-recover").string() << " device-key --device-key phone.pem\n"
                      << "command=enroll; " << recover << " --device-key phone.pem\n"
                      << "command=seal; echo 493817 | " << recover
                      << " --device-key phone.pem --secret-file storage.key --pin-stdin\n"
                      << "command=recover; echo 493817 | " << recover << " --pin-stdin --output again.key\n"
                      << "cmp storage.key again.key\n"
                      << "jq -r '.realms[].device_kind' $LABYRINTH_DEV_JSON >kinds\n";
  const FinishedCommand ran = Dev({"--run", "sh " + test.string()}, bin / "labyrinth-admin");
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  std::ifstream file(root.path() / "kinds");
  const std::string kinds{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(kinds, "swtpm\nswtpm\nsofthsm2\n");
  fs::remove(test);
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(DevCommand, EndsAsItsCommandDoes) {
  const FinishedCommand failed = Dev({"--realms", "1", "--device", "softhsm2", "--run", "exit 7"});
  EXPECT_EQ(failed.code, 7) << failed.err;
  EXPECT_EQ(failed.out, "");
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(DevCommand, EndsOnSignals) {
  for (const char* const signal : {"TERM", "INT"}) {
    ExpectEnds(StartAndEnd(absl::StrCat("kill -", signal, " $pid; wait; tail --pid=$pid -f /dev/null")));
    EXPECT_TRUE(NothingIsLeft()) << signal;
  }
}

TEST_F(DevCommand, EndsWithWhoeverStartedIt) {
  ExpectEnds(StartAndEnd("exit 0"));
  EXPECT_TRUE(NothingIsLeft());
}

// Its processes do not outlive it even then; what it cannot do any more is delete the folder.
TEST_F(DevCommand, LeavesNoProcessWhereItIsKilled) {
  ExpectEnds(StartAndEnd("kill -KILL $pid; wait; tail --pid=$pid -f /dev/null"));
}

TEST_F(DevCommand, SaysWhatIsWrong) {
  EXPECT_THAT(Dev({"--device", "floppy"}).err, HasSubstr("--device takes both, swtpm or softhsm2"));
  EXPECT_THAT(Dev({"--folder", "/proc"}).err, HasSubstr("has to be new, or empty"));
  const FinishedCommand alone = RunCommand({kAdmin, "dev", "--realms", "1", "--device", "softhsm2"}, "",
                                           {{"TMPDIR", folder_.path().string()}, {"PATH", "/nowhere"}});
  EXPECT_EQ(alone.code, 1);
  EXPECT_THAT(alone.err, HasSubstr("openssl cannot be run: install Debian's package openssl"));
  EXPECT_TRUE(NothingIsLeft());
}

}  // namespace
}  // namespace labrec::test
