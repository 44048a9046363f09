#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

// What shells complete: the scripts that programs print, run by the shells themselves.
namespace labrec::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr const char* kPrograms[] = {"labyrinth-recoveryd", "labyrinth-admin", "labyrinth-recover",
                                     "labyrinth-mailbox", "labyrinth-mailboxd"};

class Completion : public testing::Test {
 protected:
  std::string Script(const std::string& program, const std::string& shell) {
    const FinishedCommand printed = RunCommand({LABREC_BIN_DIR "/" + program, "--print-completion", shell});
    EXPECT_EQ(printed.code, 0) << printed.err;
    const std::string path = folder_.path() / (program + "." + shell);
    std::ofstream(path) << printed.out;
    return path;
  }
  static std::vector<std::string> Lines(const FinishedCommand& command) {
    EXPECT_EQ(command.code, 0) << command.err;
    EXPECT_EQ(command.err, "");
    return absl::StrSplit(command.out, '\n', absl::SkipEmpty());
  }
  // What bash offers at the end of the line: words as its reader has parted them, in the test's own folder.
  std::vector<std::string> Bash(const std::vector<std::string>& words) {
    const std::string script = Script(words.front(), "bash");
    std::vector<std::string> quoted;
    for (const std::string& word : words) quoted.push_back(absl::StrCat("'", word, "'"));
    const std::string function = absl::StrReplaceAll(words.front(), {{"-", "_"}});
    return Lines(
        RunCommand({"bash", "-c",
                    absl::StrCat("cd ", folder_.path().string(), "; source ", script, "; COMP_WORDS=(",
                                 absl::StrJoin(quoted, " "), "); COMP_CWORD=", words.size() - 1,
                                 "; complete -p ", words.front(), " >/dev/null; _", function,
                                 "; for word in \"${COMPREPLY[@]}\"; do echo \"$word\"; done")}));
  }
  // What fish offers at the end of the line, without its explanations.
  std::vector<std::string> Fish(const std::string& line) {
    const std::string program = line.substr(0, line.find(' '));
    std::vector<std::string> words =
        Lines(RunCommand({"fish", "--no-config", "-c",
                          absl::StrCat("cd ", folder_.path().string(), "; source ", Script(program, "fish"),
                                       "; complete -C '", line, "'")},
                         "", {{"HOME", folder_.path().string()}}));
    for (std::string& word : words) word = word.substr(0, word.find('\t'));
    return words;
  }
  TemporaryFolder folder_;
};

TEST_F(Completion, BashOffersCommandsAndThoseBelowThem) {
  EXPECT_THAT(Bash({"labyrinth-admin", ""}), IsSupersetOf({"realm", "device", "anchor", "doctor", "--help"}));
  EXPECT_THAT(Bash({"labyrinth-admin", "an"}), ElementsAre("anchor"));
  EXPECT_THAT(Bash({"labyrinth-admin", "anchor", ""}), IsSupersetOf({"status", "verify", "accept"}));
  EXPECT_THAT(Bash({"labyrinth-admin", "anchor", ""}), Not(Contains("realm")));
  EXPECT_THAT(Bash({"labyrinth-recover", "sea"}), ElementsAre("seal"));
  EXPECT_THAT(Bash({"labyrinth-mailbox", "device", "re"}), UnorderedElementsAre("request", "revoke"));
}

TEST_F(Completion, BashOffersTheOptionsOfTheCommand) {
  EXPECT_THAT(Bash({"labyrinth-admin", "realm", "init", "--dev"}), ElementsAre("--device"));
  EXPECT_THAT(Bash({"labyrinth-admin", "token", "issue", "--rea"}), ElementsAre("--realm"))
      << "one of a group of which one is needed";
  EXPECT_THAT(Bash({"labyrinth-admin", "token", "issue", "--jw"}), ElementsAre());
  EXPECT_THAT(Bash({"labyrinth-recover", "recover", "--realms", "r", "--tok"}), ElementsAre("--token-file"));
  EXPECT_THAT(Bash({"labyrinth-mailbox", "code", "make", "--store-c"}), ElementsAre("--store-ca"))
      << "taken behind the command too";
  EXPECT_THAT(Bash({"labyrinth-recoveryd", "--ch"}), ElementsAre("--check-config"));
  EXPECT_THAT(Bash({"labyrinth-mailboxd", "--da"}), ElementsAre("--database"));
}

TEST_F(Completion, BashOffersFilesAndValuesWhereTheyBelong) {
  std::ofstream(folder_.path() / "my realms.toml") << "";
  EXPECT_THAT(Bash({"labyrinth-recover", "status", "--realms", "my"}), ElementsAre("my realms.toml"));
  EXPECT_THAT(Bash({"labyrinth-recover", "status", "--realms", "=", "my"}), ElementsAre("my realms.toml"));
  EXPECT_THAT(Bash({"labyrinth-recover", "status", "--timeout", "my"}), ElementsAre());
  EXPECT_THAT(Bash({"labyrinth-recover", "seal", "--enforcement", "chip"}),
              UnorderedElementsAre("chip", "chip-or-ledger"));
  EXPECT_THAT(Bash({"labyrinth-mailbox", "device", "request", "my"}), ElementsAre("my realms.toml"));
}

TEST_F(Completion, FishOffersTheSame) {
  EXPECT_THAT(Fish("labyrinth-admin anchor "), IsSupersetOf({"status", "verify", "accept"}));
  EXPECT_THAT(Fish("labyrinth-admin realm init --dev"), ElementsAre("--device"));
  EXPECT_THAT(Fish("labyrinth-recover seal --enforcement chip"),
              UnorderedElementsAre("chip", "chip-or-ledger"));
}

TEST_F(Completion, ZshAndBashReadEveryScript) {
  for (const char* const program : kPrograms) {
    for (const char* const shell : {"bash", "zsh"}) {
      const FinishedCommand read = RunCommand({shell, "-n", Script(program, shell)});
      EXPECT_EQ(read.code, 0) << program << " " << read.err;
      EXPECT_EQ(read.err, "") << program;
    }
  }
}

TEST_F(Completion, AShellThatNobodyKnowsIsRefused) {
  for (const char* const program : kPrograms) {
    const FinishedCommand ended =
        RunCommand({LABREC_BIN_DIR + std::string("/") + program, "--print-completion", "csh"});
    EXPECT_NE(ended.code, 0) << program;
    EXPECT_EQ(ended.out, "") << program;
    EXPECT_NE(ended.err, "") << program;
  }
}

}  // namespace
}  // namespace labrec::test
