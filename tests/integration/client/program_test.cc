#include "tests/integration/client/program.h"

#include <csignal>

#include <poll.h>
#include <pty.h>
#include <sys/stat.h>

#include "hsm/base/encoding.h"
#include "tests/support/process/finished_command.h"

namespace labrec::recovery::client {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST_F(Program, SealsAndRecovers) {
  const Ended sealed = SealIt(kRight, {"--json"});
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(sealed.Json()["outcome"], "sealed");
  EXPECT_EQ(sealed.Json()["version"], 1);
  EXPECT_EQ(sealed.Json()["realms"].size(), 3U);
  EXPECT_EQ(sealed.Json()["guess_limit"], 7) << "ten PINs in total";
  EXPECT_EQ(sealed.Json()["testable_pins"], json({10, 14}));
  EXPECT_EQ(sealed.err, "");

  const Ended to_pipe = Run("recover", {"--pin-stdin"}, kRight);
  EXPECT_EQ(to_pipe.code, 0) << to_pipe.err;
  EXPECT_EQ(to_pipe.out, kSecret);

  const Ended to_file = Run("recover", {"--pin-stdin", "--output", Path("back"), "--json"}, kRight);
  EXPECT_EQ(to_file.code, 0) << to_file.err;
  EXPECT_EQ(Content(Path("back")), kSecret);
  EXPECT_EQ(to_file.Json()["outcome"], "recovered");
  EXPECT_THAT(to_file.out, Not(HasSubstr(kSecret)));
  struct stat info {};
  ASSERT_EQ(stat(Path("back").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(Program, TheExampleOfTheLibrarySealsAndRecovers) {
  const test::FinishedCommand example =
      test::RunCommand({LABREC_BIN_DIR "/seal_and_recover", Path("realms.toml"), Path("phone.key")});
  EXPECT_EQ(example.code, 0) << example.err;
  EXPECT_EQ(example.out, "sealed: any 2 of 3 realms bring it back\nrecovered: the same key\n");
}

TEST_F(Program, ExitCodesSayWhatBecameOfIt) {
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kRight).code, 5) << "not registered";
  EXPECT_EQ(Run("status", {}).code, 5);
  ASSERT_EQ(SealIt(kRight, {"--guess-limit", "2"}).code, 0);
  EXPECT_EQ(Run("status", {}).code, 0);

  const Ended wrong = Run("recover", {"--pin-stdin", "--json", "--output", Path("no")}, kWrong);
  EXPECT_EQ(wrong.code, 3);
  EXPECT_EQ(wrong.Json()["outcome"], "wrong-pin");
  EXPECT_EQ(wrong.Json()["tries_left"], 1);
  EXPECT_EQ(wrong.Json()["remaining"], json({{"oslo", 1}, {"porto", 1}, {"quito", 1}}));
  EXPECT_THAT(wrong.err, HasSubstr("1 try is left"));
  EXPECT_FALSE(std::filesystem::exists(Path("no")));

  realm(0).Disconnect();
  realm(1).Disconnect();
  const Ended away = Run("recover", {"--pin-stdin"}, kRight);
  EXPECT_EQ(away.code, 6);
  EXPECT_THAT(away.err, HasSubstr("realm oslo"));
  EXPECT_EQ(away.out, "");
  EXPECT_EQ(Run("status", {}).code, 6);
  Reconnect(0);
  Reconnect(1);

  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kWrong).code, 3);
  const Ended destroyed = Run("recover", {"--pin-stdin"}, kRight);
  EXPECT_EQ(destroyed.code, 4);
  EXPECT_THAT(destroyed.err, HasSubstr("is destroyed"));
  EXPECT_EQ(Run("status", {}).code, 4);
}

TEST_F(Program, UsageErrorsComeBeforeAnythingIsSent) {
  EXPECT_EQ(Run("recover", {"--pin", "1234"}).code, 2) << "no PIN in arguments";
  EXPECT_EQ(Run("seal", {}).code, 2);
  EXPECT_EQ(Run("recover", {"--pin-stdin", "--json"}, kRight).code, 2) << "the secret has nowhere to go";
  EXPECT_EQ(Run("recover", {"--pin-stdin", "--output", Path("secret")}, kRight).code, 2)
      << "is there already";
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, "").code, 2) << "no PIN came";
  EXPECT_EQ(Run("status", {"--threshold", "4"}).code, 2);
  EXPECT_EQ(SealIt(kRight, {"--guess-limit", "21"}).code, 2);
  const Ended open_secret = [&] {
    EXPECT_EQ(chmod(Path("secret").c_str(), 0644), 0);
    return SealIt(kRight);
  }();
  EXPECT_EQ(open_secret.code, 2);
  EXPECT_THAT(open_secret.err, HasSubstr(Path("secret")));
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("GetRecord"), 0);
}

TEST_F(Program, ADeviceKeyIsMadeEnrolledAndUsed) {
  const Ended made =
      Run("device-key", {"--device-key", Path("new.key"), "--public-out", Path("new.pub"), "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.Json()["public_key"], Content(Path("new.pub")));
  EXPECT_EQ(Run("device-key", {"--device-key", Path("new.key")}).code, 1) << "not overwritten";

  const Ended stranger =
      Run("seal", {"--device-key", Path("new.key"), "--secret-file", Path("secret"), "--pin-stdin"}, kRight);
  EXPECT_EQ(stranger.code, 1);
  EXPECT_THAT(stranger.err, HasSubstr("labyrinth-recover enroll"));
  EXPECT_EQ(Run("enroll", {"--device-key", Path("new.key")}).code, 1) << "it is not the first device";
  EXPECT_EQ(Run("enroll", {"--device-key", Path("new.key"), "--authorized-by", Path("phone.key")}).code, 0);
  EXPECT_EQ(
      Run("seal", {"--device-key", Path("new.key"), "--secret-file", Path("secret"), "--pin-stdin"}, kRight)
          .code,
      0);
}

TEST_F(Program, ANewDeviceIsEnrolledByRecovering) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  ASSERT_EQ(Run("device-key", {"--device-key", Path("new.key")}).code, 0);
  const Ended recovered = Run("recover",
                              {"--pin-stdin", "--enroll-device", Path("new.key"), "--device-name", "new",
                               "--output", Path("back"), "--json"},
                              kRight);
  EXPECT_EQ(recovered.code, 0) << recovered.err;
  EXPECT_EQ(recovered.Json()["enrolled"].size(), 3U);
  EXPECT_EQ(Run("delete", {"--device-key", Path("new.key")}).code, 0) << "now it may";
}

TEST_F(Program, ThePinChanges) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  EXPECT_EQ(Run("change-pin", {"--pin-stdin"}, std::string(kWrong) + "\nnew\n").code, 3);
  const Ended changed = Run("change-pin", {"--pin-stdin", "--json"}, std::string(kRight) + "\nnew\n");
  EXPECT_EQ(changed.code, 0) << changed.err;
  EXPECT_EQ(changed.Json()["version"], 2);
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kRight).code, 3);
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, "new").out, kSecret);
  EXPECT_EQ(Run("delete", {"--pin-stdin"}, "new\n").code, 0);
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, "new").code, 5);
}

TEST_F(Program, WhatFewerRealmsHoldIsSaidAsItIs) {
  realm(2).Disconnect();
  const Ended sealed = SealIt(kRight, {"--allow-missing"});
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_THAT(sealed.out, HasSubstr("any 2 of 2 realms and the PIN bring it back"));
  EXPECT_THAT(sealed.err, HasSubstr("losing one of them loses the secret; when the other realms"));
  Reconnect(2);
  const Ended status = Run("status", {});
  EXPECT_THAT(status.out, HasSubstr("any 2 of 2 realms (the list has 3), "));
  EXPECT_THAT(status.out, HasSubstr("losing one of them loses the secret"));

  const std::vector<std::string> heal = {"--pin-stdin", "--device-key", Path("phone.key")};
  EXPECT_EQ(Run("heal", heal, kWrong).code, 3);
  const Ended healed = Run("heal", heal, kRight);
  EXPECT_EQ(healed.code, 0) << healed.err;
  EXPECT_THAT(healed.out, HasSubstr("is at 3 realms again, as version 2, under the same PIN"));
  EXPECT_THAT(Run("status", {}).out, HasSubstr("any 2 of 3 realms, "));
  EXPECT_THAT(Run("heal", heal).out, HasSubstr("nothing to heal"));
  realm(0).Disconnect();
  EXPECT_EQ(Run("recover", {"--pin-stdin"}, kRight).out, kSecret);
}

TEST_F(Program, StatusShowsRealmsInTextAndJson) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  const Ended text = Run("status", {});
  EXPECT_THAT(text.out, HasSubstr("record default: version 1, any 2 of 3 realms, 7 tries left\n"
                                  "  a thief who asks the realms one by one can try 10 PINs, with 1 of them "
                                  "corrupt 14\n"));
  EXPECT_THAT(text.out,
              ContainsRegex("porto: good, 7 of 7 tries left, version 1 active .registered by device "
                            "[0-9a-f]{32}., counted by its ledger, does not wait between wrong "
                            "PINs, device pkcs11"));
  const json status = Run("status", {"--json"}).Json();
  EXPECT_EQ(status["outcome"], "usable");
  EXPECT_EQ(status["guess_limit"], 7);
  EXPECT_EQ(status["testable_pins"], json({10, 14}));
  EXPECT_EQ(status["realms"][0]["guess_delays_s"], json::array());
  EXPECT_EQ(status["realms"][0]["versions"][0]["stage"], "active");
  EXPECT_EQ(status["realms"][0]["versions"][0]["remaining"], 7);
}

// The person says how many PINs can be tried; each realm's limit follows.
TEST_F(Program, TheTotalOfGuessesIsChosen) {
  const auto sealed = [&](const std::vector<std::string>& more) {
    std::vector<std::string> options = more;
    options.push_back("--json");
    const Ended ended = SealIt(kRight, options);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return std::pair<int, json>(ended.Json()["guess_limit"], ended.Json()["testable_pins"]);
  };
  EXPECT_EQ(sealed({"--total-guesses", "5"}), std::make_pair(3, json({4, 6})));
  EXPECT_EQ(sealed({"--even-if-corrupt"}), std::make_pair(5, json({7, 10})));
  EXPECT_EQ(sealed({"--guess-limit", "10"}), std::make_pair(10, json({15, 20})));
  EXPECT_EQ(sealed({"--total-guesses", "320"}), std::make_pair(20, json({30, 40})))
      << "the most a realm takes";
  EXPECT_THAT(SealIt(kRight).out,
              HasSubstr("7 wrong PINs destroy it\na thief who asks the realms one by one can "
                        "try 10 PINs, with 1 of them corrupt 14\n"));
}

TEST_F(Program, ATotalThatLeavesNoGuessIsRefusedBeforeThePinIsRead) {
  const Ended refused = Run("seal", {"--device-key", Path("phone.key"), "--secret-file", Path("secret"),
                                     "--threshold", "1", "--total-guesses", "2"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("a total of 2 guesses leaves none for each of 3 realms"));
  EXPECT_THAT(refused.err, HasSubstr("allow at least 3, or take a greater threshold"));
  EXPECT_EQ(SealIt(kRight, {"--total-guesses", "1", "--even-if-corrupt"}).code, 2);
  EXPECT_EQ(SealIt(kRight, {"--total-guesses", "9", "--guess-limit", "9"}).code, 2) << "one or the other";
  EXPECT_EQ(SealIt(kRight, {"--total-guesses", "0"}).code, 2);
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(proxy(i).calls("BeginRegistration"), 0);
}

// Types into the program's terminal: each answer when its prompt is there. Returns all that it showed.
std::string Type(int terminal, const std::vector<std::pair<std::string, std::string>>& dialogue) {
  std::string shown;
  const auto read_more = [&] {
    pollfd ready{terminal, POLLIN, 0};
    char bytes[256];
    if (poll(&ready, 1, 30'000) <= 0) return false;
    const ssize_t size = read(terminal, bytes, sizeof bytes);
    if (size <= 0) return false;
    shown.append(bytes, static_cast<size_t>(size));
    return true;
  };
  for (const auto& [prompt, answer] : dialogue) {
    const size_t from = shown.size();
    while (shown.find(prompt, from) == std::string::npos && read_more()) {
    }
    EXPECT_NE(shown.find(prompt, from), std::string::npos) << prompt << " did not come; shown: " << shown;
    EXPECT_EQ(write(terminal, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  }
  while (read_more()) {
  }
  return shown;
}

class OnTerminal : public Program {
 protected:
  Ended RunOnTerminal(const std::string& command, const std::vector<std::string>& options,
                      const std::vector<std::pair<std::string, std::string>>& dialogue) {
    std::vector<std::string> words = Words(command, options);
    int terminal = -1;
    const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid == 0) Exec(words);
    Ended ended;
    ended.out = Type(terminal, dialogue);
    ended.code = ExitCodeOf(pid);
    close(terminal);
    return ended;
  }
};

TEST_F(OnTerminal, PinsAreAskedForTwiceAndNotShown) {
  const std::vector<std::string> seal = {"--device-key", Path("phone.key"), "--secret-file", Path("secret")};
  const Ended sealed =
      RunOnTerminal("seal", seal, {{"New PIN: ", "77778888\n"}, {"New PIN again: ", "77778888\n"}});
  EXPECT_EQ(sealed.code, 0) << sealed.out;
  EXPECT_THAT(sealed.out, Not(HasSubstr("7777")));

  const Ended differ =
      RunOnTerminal("seal", seal, {{"New PIN: ", "77778888\n"}, {"New PIN again: ", "77778889\n"}});
  EXPECT_EQ(differ.code, 2);
  EXPECT_THAT(differ.out, HasSubstr("the two PINs differ"));

  // Typed wrong, corrected with backspace, and once from the beginning with Ctrl-U.
  const Ended recovered = RunOnTerminal("recover", {"--output", Path("back")},
                                        {{"PIN: ",
                                          "12\x15"
                                          "7777889\x7F"
                                          "8\n"}});
  EXPECT_EQ(recovered.code, 3) << recovered.out;
  const Ended right = RunOnTerminal("recover", {"--output", Path("back")},
                                    {{"PIN: ",
                                      "12\x15"
                                      "777788889\x7F\n"}});
  EXPECT_EQ(right.code, 0) << right.out;
  EXPECT_EQ(Content(Path("back")), kSecret);
}

TEST_F(OnTerminal, ASecretIsNotWrittenToATerminal) {
  const Ended refused = RunOnTerminal("recover", {}, {});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.out, HasSubstr("--output"));
}

TEST_F(OnTerminal, CtrlCGivesUpAndCostsNothing) {
  ASSERT_EQ(SealIt(kRight).code, 0);
  EXPECT_EQ(RunOnTerminal("recover", {"--output", Path("back")}, {{"PIN: ", "49\x03"}}).code, 2);
  EXPECT_THAT(Remaining(), testing::Each(7U));
}

}  // namespace
}  // namespace labrec::recovery::client
