#include "recovery/client/tokens/token_command.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

const Bytes kCommandRealm(16, 0xAB);
const Cancelled kNever = [] { return false; };

absl::StatusOr<std::string> RunScript(const std::string& script,
                                      milliseconds limit = std::chrono::seconds(60)) {
  return RunTokenCommand({{"/bin/sh", "-c", script, "sh"}, limit}, kCommandRealm, kNever);
}

TEST(TokenCommand, GetsTheRealmsIdAndGivesWhatIsPrinted) {
  const auto printed = RunScript("echo token of $1");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(*printed, "token of abababababababababababababababab\n");
}

TEST(TokenCommand, IsFoundInPath) {
  const auto printed = RunTokenCommand({{"echo"}}, kCommandRealm, kNever);
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(*printed, "abababababababababababababababab\n");
}

TEST(TokenCommand, MuchOutputComesWhole) {
  const auto printed = RunScript("head -c 300000 /dev/zero | tr '\\0' a; echo done >&2");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(printed->size(), 300'000U);
}

TEST(TokenCommand, AFailureIsSaidWithItsOwnLastWord) {
  const auto failed =
      RunScript("echo topsecret; echo first >&2; printf 'not \\033signed in\\n\\n' >&2; exit 7");
  EXPECT_TRUE(absl::IsUnauthenticated(failed.status()));
  EXPECT_THAT(std::string(failed.status().message()),
              HasSubstr("/bin/sh ended with exit code 7: not ?signed in"));
  EXPECT_THAT(std::string(failed.status().message()), Not(HasSubstr("topsecret")));
  EXPECT_THAT(std::string(RunScript("exit 1").status().message()),
              HasSubstr("wrote nothing to standard error"));
  EXPECT_THAT(std::string(RunScript("kill -9 $$").status().message()), HasSubstr("was ended by signal 9"));
}

TEST(TokenCommand, WhatIsNotThereIsSaid) {
  const auto failed = RunTokenCommand({{"/nowhere/token"}}, kCommandRealm, kNever);
  EXPECT_TRUE(absl::IsUnauthenticated(failed.status()));
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("/nowhere/token cannot be started"));
}

// Gone, or ended and not yet taken note of by its parent.
bool HasEnded(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  stat >> number >> name >> state;
  return !stat || state == "Z";
}

TEST(TokenCommand, EndsWithItsTimeAndTakesItsChildrenAlong) {
  const test::TemporaryFolder folder;
  const std::string pid_file = (folder.path() / "pid").string();
  pid_t child = 0;
  // A busy machine may not get as far as the child in a short time.
  for (milliseconds limit{250}; child == 0; limit *= 2) {
    const auto failed = RunScript("sleep 1000 & echo $! >" + pid_file + "; echo half a token; wait", limit);
    EXPECT_TRUE(absl::IsUnavailable(failed.status())) << failed.status();
    EXPECT_THAT(std::string(failed.status().message()), HasSubstr("did not end within"));
    std::ifstream(pid_file) >> child;
  }
  while (!HasEnded(child)) std::this_thread::yield();
}

TEST(TokenCommand, EndsWhenNobodyNeedsItsAnswer) {
  const auto cancelled =
      RunTokenCommand({{"/bin/sh", "-c", "sleep 1000", "sh"}}, kCommandRealm, [] { return true; });
  EXPECT_TRUE(absl::IsCancelled(cancelled.status())) << cancelled.status();
}

TEST(TokenCommand, EndlessOutputIsCutOff) {
  const auto failed = RunScript("yes");
  EXPECT_TRUE(absl::IsUnauthenticated(failed.status()));
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("printed more than 1048576 bytes"));
}

TEST(TokenCommand, StandardInputIsEmpty) {
  const auto printed = RunScript("cat; echo end");
  ASSERT_TRUE(printed.ok()) << printed.status();
  EXPECT_EQ(*printed, "end\n");
}

}  // namespace
}  // namespace labrec::recovery::client
