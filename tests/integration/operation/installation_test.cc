#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

// "cmake --install", into a folder that stands for the root.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Installation : public testing::Test {
 protected:
  void SetUp() override {
    const FinishedCommand done =
        RunCommand({LABREC_CMAKE, "--install", LABREC_BUILD_DIR}, "", {{"DESTDIR", root_.path().string()}});
    ASSERT_EQ(done.code, 0) << done.err;
  }
  fs::path Installed(const std::string& name) const {
    return root_.path() / fs::path(LABREC_PREFIX).relative_path() / name;
  }
  TemporaryFolder root_;
};

TEST_F(Installation, ProgramsWithTheirPages) {
  for (const char* const program : {"bin/labyrinth-admin", "bin/labyrinth-recover", "bin/labyrinth-mailbox",
                                    "sbin/labyrinth-recoveryd", "sbin/labyrinth-mailboxd"}) {
    const FinishedCommand version = RunCommand({Installed(program), "--version"});
    EXPECT_EQ(version.code, 0) << program << ": " << version.err;
    EXPECT_THAT(version.out, HasSubstr("0.1.0")) << program;
    const bool service = std::string(program).starts_with("sbin");
    const std::string page = std::string("share/man/man") + (service ? "8/" : "1/") +
                             fs::path(program).filename().string() + (service ? ".8" : ".1");
    const FinishedCommand shown = RunCommand({"groff", "-man", "-ww", "-z", Installed(page)});
    EXPECT_EQ(shown.code, 0) << page;
    EXPECT_EQ(shown.err, "") << page;
  }
}

// But for what no installation can bring: the realm's folder, and its certificate.
TEST_F(Installation, TheExampleConfigurationIsGood) {
  const fs::path examples = Installed("share/doc/labyrinth_recovery/examples");
  EXPECT_TRUE(fs::exists(examples / "labyrinth-recoveryd.conf"));
  const FinishedCommand made = RunCommand({Installed("bin/labyrinth-admin"), "token", "keygen", "--key",
                                           examples / "chat.key", "--jwks", examples / "chat.jwks"});
  ASSERT_EQ(made.code, 0) << made.err;
  const FinishedCommand checked = RunCommand(
      {Installed("sbin/labyrinth-recoveryd"), "--check-config", "--config", examples / "recoveryd.toml"});
  EXPECT_EQ(checked.code, 2);
  EXPECT_THAT(checked.err, HasSubstr("[realm] state: /var/lib/labyrinth/realm: there is no such folder"));
  EXPECT_THAT(checked.err, HasSubstr("[listen] certificate, key: "));
  EXPECT_EQ(std::ranges::count(checked.err, '\n'), 2) << "nothing else is wrong:\n" << checked.err;
}

// systemd does not run here: it judges the file, with the program where it was put.
TEST_F(Installation, TheUnitIsOneThatSystemdTakes) {
  std::string unit = Content(Installed("lib/systemd/system/labyrinth-recoveryd.service"));
  const std::string program = LABREC_PREFIX "/sbin/labyrinth-recoveryd";
  const size_t at = unit.find("ExecStart=" + program + " --config /etc/labyrinth/recoveryd.toml\n");
  ASSERT_NE(at, std::string::npos) << unit;
  unit.replace(at + sizeof "ExecStart=" - 1, program.size(), Installed("sbin/labyrinth-recoveryd").string());
  const fs::path file = root_.path() / "labyrinth-recoveryd.service";
  std::ofstream(file) << unit;
  const FinishedCommand verified = RunCommand({"systemd-analyze", "verify", "--man=no", file});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.err, "");
  const FinishedCommand security =
      RunCommand({"systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", file});
  EXPECT_EQ(security.code, 0) << "more exposed than 1.5:\n" << security.out << security.err;
}

TEST_F(Installation, TheUserIsOneThatSysusersMakes) {
  fs::create_directories(root_.path() / "etc");
  const FinishedCommand made = RunCommand(
      {"systemd-sysusers", "--root=" + root_.path().string(), Installed("lib/sysusers.d/labyrinth.conf")});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(Content(root_.path() / "etc/passwd"), HasSubstr("labyrinth:x:"));
  EXPECT_THAT(Content(root_.path() / "etc/group"), testing::ContainsRegex("tss:x:[0-9]+:labyrinth"));
}

// What other programs are compiled with: found by pkg-config alone, in a folder that stands for the root.
TEST_F(Installation, OtherProgramsAreCompiledWithWhatIsInstalled) {
  for (const char* const component : {"library", "development"}) {
    const FinishedCommand done =
        RunCommand({LABREC_CMAKE, "--install", LABREC_BUILD_DIR, "--component", component}, "",
                   {{"DESTDIR", root_.path().string()}});
    ASSERT_EQ(done.code, 0) << done.err;
  }
  const std::string work = root_.path().string();
  std::ofstream(work + "/c.c") << "#include <labyrinth_recovery.h>\n"
                                  "int main(void) { return lrc_abi() == LRC_ABI ? 0 : 1; }\n";
  const std::string pkg_config =
      "PKG_CONFIG_PATH=$(dirname $(find " + work + " -name labyrinth-recovery.pc)) pkg-config";
  const FinishedCommand c =
      RunCommand({"sh", "-ec",
                  "cd " + work + "; gcc -std=c11 -Wall -Werror c.c -o c $(" + pkg_config +
                      " --cflags --libs labyrinth-recovery); "
                      "LD_LIBRARY_PATH=$(dirname $(find . -name liblabyrinth_recovery.so.1)) ./c"});
  EXPECT_EQ(c.code, 0) << c.err;
  const FinishedCommand cxx = RunCommand(
      {"sh", "-ec",
       "cd " + work +
           "; g++ -std=c++20 -O0 " LABREC_SOURCE_DIR "/tools/example/seal_and_recover.cc -o cxx $(" +
           pkg_config + " --cflags --libs labyrinth-recovery-client); ./cxx"});
  EXPECT_THAT(cxx.err, HasSubstr("usage")) << cxx.code;
}

}  // namespace
}  // namespace labrec::test
