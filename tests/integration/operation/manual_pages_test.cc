#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/operation/manual_page.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"

// What a program says it can do, and what its manual page says.
namespace labrec::test {
namespace {

struct Documented {
  std::string program;
  std::string page;      // in the source tree
  std::string commands;  // section with its commands; empty: it has none
};
void PrintTo(const Documented& documented, std::ostream* out) {
  *out << documented.program;
}

// Everything "--help" tells of a program, over all its commands.
class Help {
 public:
  explicit Help(std::string program) : program_(std::move(program)) { Ask({}); }
  const std::set<std::string>& options() const { return options_; }
  const std::set<std::string>& commands() const { return commands_; }  // "device add"

 private:
  void Ask(const std::vector<std::string>& path) {
    std::vector<std::string> words = {LABREC_BIN_DIR "/" + program_};
    words.insert(words.end(), path.begin(), path.end());
    words.push_back("--help");
    const FinishedCommand help = RunCommand(words);
    EXPECT_EQ(help.code, 0) << program_;
    static const std::regex kDeclared("^\\s+(-[a-z],)?(--[-a-z0-9]+).*");
    static const std::regex kCommand("^  ([a-z][-a-z]*)( .*)?");
    std::istringstream lines(help.out);
    std::vector<std::string> below;
    bool in_commands = false;
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (std::regex_match(line, match, kDeclared)) options_.insert(match[2]);
      if (line == "Subcommands:") in_commands = true;
      if (line.empty()) in_commands = false;
      if (in_commands && std::regex_match(line, match, kCommand)) below.push_back(match[1]);
    }
    if (below.empty() && !path.empty()) commands_.insert(Text(path));
    for (const std::string& command : below) {
      std::vector<std::string> longer = path;
      longer.push_back(command);
      Ask(longer);
    }
  }
  static std::string Text(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& word : path) text += (text.empty() ? "" : " ") + word;
    return text;
  }

  std::string program_;
  std::set<std::string> options_;
  std::set<std::string> commands_;
};

// "device add --new-home FOLDER" -> "device add"
std::string CommandOf(const std::string& tag) {
  static const std::regex kWords("^[a-z][-a-z]*( [a-z][-a-z]*)*(?![a-z-])");
  std::smatch match;
  return std::regex_search(tag, match, kWords) ? match[0].str() : tag;
}

class ManualPages : public testing::TestWithParam<Documented> {
 protected:
  const ManualPage page_{LABREC_SOURCE_DIR "/" + GetParam().page};
  const Help help_{GetParam().program};
};
INSTANTIATE_TEST_SUITE_P(
    Programs, ManualPages,
    testing::Values(Documented{"labyrinth-recoveryd", "tools/recoveryd/labyrinth-recoveryd.8", ""},
                    Documented{"labyrinth-admin", "tools/admin/labyrinth-admin.1", "COMMANDS"},
                    Documented{"labyrinth-recover", "tools/recover/labyrinth-recover.1", "Commands"},
                    Documented{"labyrinth-mailbox", "tools/mailbox/labyrinth-mailbox.1", "Commands"},
                    Documented{"labyrinth-mailboxd", "tools/mailbox/server/labyrinth-mailboxd.8", ""}),
    [](const auto& tested) { return tested.param.program.substr(sizeof "labyrinth-" - 1); });

TEST_P(ManualPages, HaveEveryOptionAndNoOther) {
  EXPECT_FALSE(help_.options().empty());
  EXPECT_THAT(page_.Options(), testing::ContainerEq(help_.options()));
}

TEST_P(ManualPages, HaveEveryCommandAndNoOther) {
  std::set<std::string> described;
  for (const std::string& tag : page_.Tags(GetParam().commands)) described.insert(CommandOf(tag));
  EXPECT_THAT(described, testing::ContainerEq(help_.commands()));
  EXPECT_EQ(help_.commands().empty(), GetParam().commands.empty());
}

TEST_P(ManualPages, ReferToPagesThatThereAre) {
  EXPECT_FALSE(page_.References().empty());
  for (const std::string& name : page_.References()) {
    bool found = false;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(LABREC_SOURCE_DIR "/tools")) {
      found = found || entry.path().filename() == name;
    }
    EXPECT_TRUE(found) << name;
  }
}

}  // namespace
}  // namespace labrec::test
