#include <fstream>
#include <regex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

// README.md, "Run a realm", typed word by word into an empty folder.
namespace labrec::test {
namespace {

// The chapter's indented lines.
std::string CommandsOf(const std::string& chapter) {
  std::ifstream readme(LABREC_SOURCE_DIR "/README.md");
  std::string commands;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) inside = line == "## " + chapter;
    if (inside && line.starts_with("    ")) commands += line.substr(4) + "\n";
  }
  return commands;
}

TEST(Readme, ARealmRunsAsItSays) {
  std::string commands = CommandsOf("Run a realm");
  ASSERT_THAT(commands, testing::HasSubstr("labyrinth-recoveryd --config recoveryd.toml &"));
  // Another port, as many tests run at once; and who types the PIN.
  const auto port = FreePort();
  ASSERT_TRUE(port.ok()) << port.status();
  commands = std::regex_replace(commands, std::regex("7443"), std::to_string(*port));
  commands = std::regex_replace(commands, std::regex("(labyrinth-recover (seal|recover) .*)"),
                                "$1 --pin-stdin <<< 493817");
  const TemporaryFolder folder;
  // What was started is gone before its folder is.
  const std::string end =
      "trap 'set +e; pids=\"$(jobs -p) $(cat tpm/pid)\"; kill $pids; wait; "
      "for pid in $pids; do tail -s 0.05 --pid=$pid -f /dev/null; done' EXIT\n";
  const FinishedCommand typed =
      RunCommand({"bash", "-euxo", "pipefail", "-c",
                  absl::StrCat("cd ", folder.path().string(), "\nexport PATH=" LABREC_BIN_DIR ":$PATH\n", end,
                               commands)});
  EXPECT_EQ(typed.code, 0) << typed.err;
  EXPECT_THAT(typed.err, testing::HasSubstr("cmp key.bin back.bin"));
}

}  // namespace
}  // namespace labrec::test
