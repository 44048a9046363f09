// Rows 12, 13, 16 and 17: what shells, services and file systems do to the programs themselves.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/storage/small_disk.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPrograms[] = {"labyrinth-recoveryd", "labyrinth-admin", "labyrinth-recover",
                                     "labyrinth-mailbox", "labyrinth-mailboxd"};
constexpr char kNotWhole[] = "standard output was not written whole";

std::string Quoted(std::string_view word) {
  return absl::StrCat("'", std::string(word), "'");
}

// What a shell makes of "PROGRAM WORDS".
FinishedCommand Shell(std::string_view program, std::string_view words, const std::string& input = "") {
  return RunCommand(
      {"sh", "-c", absl::StrCat("exec " LABREC_BIN_DIR "/", std::string(program), " ", std::string(words))},
      input);
}

FinishedCommand Program(std::string_view program, std::vector<std::string> words,
                        const std::map<std::string, std::string>& environment = {}) {
  words.insert(words.begin(), absl::StrCat(LABREC_BIN_DIR "/", std::string(program)));
  return RunCommand(words, "", environment);
}

// The exit code of wrong usage; 2 means something else to the messenger.
int UsageCode(std::string_view program) {
  return program.starts_with("labyrinth-mailbox") ? 1 : 2;
}

}  // namespace

TEST_F(RealInputs, Row12_HelpAndVersionOnAFullDiskAreFailures) {
  for (const char* program : kPrograms) {
    for (const char* words : {"--help", "--version"}) {
      const FinishedCommand ended = Shell(program, absl::StrCat(words, " > /dev/full"));
      EXPECT_EQ(ended.code, 1) << program << " " << words;
      EXPECT_THAT(ended.err, HasSubstr(kNotWhole)) << program << " " << words;
      EXPECT_EQ(Shell(program, words).code, 0) << program << " " << words;
    }
  }
}

TEST_F(RealInputs, Row12_EveryResultOnAFullDiskIsAFailure) {
  const std::string key = Quoted(Path("t.key").string());
  ASSERT_EQ(Shell("labyrinth-admin",
                  absl::StrCat("token keygen --key ", key, " --jwks ", Quoted(Path("t").string())))
                .code,
            0);
  const std::string issue = absl::StrCat("token issue --tenant t --account a --service s --key ", key);
  for (const std::string& words : {issue, issue + " --json",
                                   absl::StrCat("pcr keygen --key ", Quoted(Path("p.key").string()),
                                                " --public-key ", Quoted(Path("p.pem").string()))}) {
    const FinishedCommand ended = Shell("labyrinth-admin", words + " > /dev/full");
    EXPECT_EQ(ended.code, 1) << words;
    EXPECT_THAT(ended.err, HasSubstr(kNotWhole)) << words;
  }
  for (const char* json : {"", " --json"}) {
    const FinishedCommand ended = Shell(
        "labyrinth-recover", absl::StrCat("device-key", json, " --device-key ",
                                          Quoted(Path(absl::StrCat("k", json)).string()), " > /dev/full"));
    EXPECT_EQ(ended.code, 1) << json;
    EXPECT_THAT(ended.err, HasSubstr(kNotWhole)) << json;
  }
}

// Its reader is gone before it writes: it is not killed in the middle of its work.
TEST_F(RealInputs, Row12_AReaderThatLeftIsAFailure) {
  for (const char* program : kPrograms) {
    const std::string status = Path(absl::StrCat(program, ".status"));
    const FinishedCommand ended =
        RunCommand({"bash", "-c",
                    absl::StrCat("mkfifo '", status, ".gone'; { read -r _ < '", status,
                                 ".gone'; " LABREC_BIN_DIR "/", program, " --help; echo $? > '", status,
                                 "'; } | { exec <&-; echo > '", status, ".gone'; }")});
    EXPECT_EQ(ToString(*ReadFile(status)), "1\n") << program;
    EXPECT_THAT(ended.err, HasSubstr(kNotWhole)) << program;
  }
}

TEST_F(RealInputs, Row13_ClosedDescriptorsAreEmptyInputAndOutputThatFails) {
  for (const char* program : kPrograms) {
    for (const char* closed : {"<&-", "2>&-", "<&- 2>&-"}) {
      const FinishedCommand ended = Shell(program, absl::StrCat("--version ", closed));
      EXPECT_EQ(ended.code, 0) << program << " " << closed;
      EXPECT_NE(ended.out, "") << program << " " << closed;
    }
    for (const char* closed : {">&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
      EXPECT_EQ(Shell(program, absl::StrCat("--version ", closed)).code, 1) << program << " " << closed;
    }
  }
}

// Whatever it opens gets other numbers: nothing that it says lands in a file of the realm.
TEST_F(RealInputs, Row13_ADaemonWithoutDescriptorsLogsNowhere) {
  const auto realm = RealmFixture::Make(SimulatorKind::kSwtpm);
  ASSERT_TRUE(realm.ok()) << realm.status();
  ASSERT_TRUE((*realm)->StartDaemon().ok());
  ASSERT_TRUE((*realm)->StopDaemon().ok());
  const std::string config = (*realm)->state().parent_path() / "recoveryd.toml";
  for (const char* closed : {"2>&-", "<&- >&- 2>&-"}) {
    const auto daemon = ChildProcess::Start(
        {{"sh", "-c",
          absl::StrCat("exec " LABREC_BIN_DIR "/labyrinth-recoveryd --config '", config, "' ", closed)},
         {},
         Path("log")});
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    absl::Status answers = absl::UnavailableError("");
    while (!answers.ok() && (*daemon)->Running()) answers = (*realm)->Admin({"status"}).status();
    EXPECT_TRUE(answers.ok()) << closed;
    EXPECT_EQ(*(*daemon)->Terminate(std::chrono::seconds(20)), 0) << closed;
    EXPECT_EQ(fs::file_size((*realm)->state() / "lock"), 0U) << closed;
    for (const auto& entry : fs::directory_iterator((*realm)->state())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content(std::istreambuf_iterator<char>(file), {});
      EXPECT_THAT(content, Not(HasSubstr("labyrinth-recoveryd 0"))) << entry.path() << " " << closed;
    }
    EXPECT_TRUE((*realm)->Admin({"anchor", "verify", "--state", (*realm)->state()}, false).ok());
  }
}

// A person with a record at one realm.
class RealInputsWithARecord : public RealInputs {
 protected:
  static constexpr char kSecret[] = "the storage key";

  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    ASSERT_TRUE(realm_->StartDaemon().ok());
    Write("token", realm_->Token("alice"));
    Write("secret", kSecret);
    Write("realms", absl::StrCat("[[realm]]\nname = \"oslo\"\nid = \"", realm_->realm_id(),
                                 "\"\naddress = \"", realm_->address(), "\"\nca_certificate = \"",
                                 realm_->ca_certificate().string(), "\"\ntoken_file = \"token\"\n"));
    const std::string device = absl::StrCat(" --device-key ", Quoted(Path("key").string()));
    ASSERT_EQ(Shell("labyrinth-recover", "device-key" + device).code, 0);
    ASSERT_EQ(Recover("enroll", device).code, 0);
    const FinishedCommand sealed =
        Recover("seal", absl::StrCat(device, " --pin-stdin --secret-file ", Quoted(Path("secret").string())),
                "2718\n");
    ASSERT_EQ(sealed.code, 0) << sealed.err;
  }
  FinishedCommand Recover(std::string_view command, std::string_view words,
                          const std::string& input = "") const {
    return Shell("labyrinth-recover",
                 absl::StrCat(std::string(command), " --realms ", Quoted(Path("realms").string()), " ",
                              std::string(words)),
                 input);
  }
  // The realm was not asked: no guess is spent.
  void ExpectNoGuessSpent() const {
    const auto record =
        realm_->Admin({"record", "show", "--tenant", "chat", "--account", "alice", "--record", "default"});
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_THAT(*record, HasSubstr("\"remaining\": 10"));
  }

  std::unique_ptr<RealmFixture> realm_;
};

TEST_F(RealInputsWithARecord, Row13_ASecretGoesWhereItIsSentOrNowhere) {
  const FinishedCommand no_input = Recover("recover", "--pin-stdin <&-");
  EXPECT_EQ(no_input.code, 2) << no_input.err;
  EXPECT_EQ(no_input.out, "");
  for (const char* closed : {">&-", "<&- >&-"}) {
    const FinishedCommand no_output = Recover("recover", absl::StrCat("--pin-stdin ", closed), "2718\n");
    EXPECT_EQ(no_output.code, 2);
    EXPECT_THAT(no_output.err, HasSubstr("standard output is closed"));
  }
  ExpectNoGuessSpent();
  const FinishedCommand no_errors = Recover("recover", "--pin-stdin 2>&-", "2718\n");
  EXPECT_EQ(no_errors.code, 0);
  EXPECT_EQ(no_errors.out, kSecret);
  const FinishedCommand to_file = Recover(
      "recover", absl::StrCat("--pin-stdin --output ", Quoted(Path("back").string()), " >&- 2>&-"), "2718\n");
  EXPECT_EQ(to_file.code, 0);
  EXPECT_EQ(ToString(*ReadFile(Path("back"))), kSecret);
}

TEST_F(RealInputsWithARecord, Row12_ASecretThatDoesNotArriveIsAFailure) {
  const FinishedCommand full = Recover("recover", "--pin-stdin > /dev/full", "2718\n");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("standard output"));
  const FinishedCommand json = Recover(
      "recover", absl::StrCat("--pin-stdin --json --output ", Quoted(Path("b").string()), " > /dev/full"),
      "2718\n");
  EXPECT_EQ(json.code, 1);
  EXPECT_EQ(ToString(*ReadFile(Path("b"))), kSecret) << "the secret itself is there";
}

TEST_F(RealInputsWithARecord, Row16_AnOutputThatCannotBeWrittenIsSeenBeforeThePinIsAskedFor) {
  fs::create_directory(Path("ro"));
  fs::create_directory(Path("full"));
  fs::create_directory(Path("folder"));
  ASSERT_EQ(RunCommand({"mkfifo", Path("fifo")}).code, 0);
  const auto read_only = SmallDisk::Under(Path("ro"), 64 << 10);
  const auto full = SmallDisk::Under(Path("full"), 64 << 10);
  ASSERT_TRUE(read_only.ok() && full.ok()) << read_only.status() << full.status();
  ASSERT_TRUE((*read_only)->MakeReadOnly().ok());
  ASSERT_TRUE((*full)->Fill().ok());
  const std::pair<std::string, const char*> outputs[] = {
      {Path("ro") / "back", "Read-only file system"}, {Path("full") / "back", "No space left"},
      {Path("nowhere") / "back", "does not exist"},   {Path("secret") / "back", "does not exist"},
      {Path("folder"), "is there already"},           {Path("folder").string() + "/", "is there already"},
      {Path("new").string() + "/", "names a folder"}, {Path("fifo"), "is there already"},
      {"/dev/stdout", "redirect standard output"},    {"/proc/back", "/proc/back"},
      {Path(std::string(300, 'n')), "too long"},      {Path("secret"), "is there already"}};
  for (const auto& [output, words] : outputs) {
    const FinishedCommand ended =
        Recover("recover", absl::StrCat("--pin-stdin --output ", Quoted(output)), "a wrong one\n");
    EXPECT_EQ(ended.code, 2) << output << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(words)) << output;
    EXPECT_THAT(ended.err, Not(HasSubstr("enroll"))) << output;
  }
  ExpectNoGuessSpent();
  EXPECT_TRUE(fs::is_empty(Path("folder")));
  EXPECT_TRUE(fs::is_fifo(Path("fifo")));
}

// A device or a pipe under that name would be gone for everybody.
TEST_F(RealInputs, Row16_NoOutputReplacesWhatIsNoFile) {
  ASSERT_EQ(RunCommand({"mkfifo", Path("fifo")}).code, 0);
  fs::create_symlink("/proc/self/fd/1", Path("stdout"));  // as /dev/stdout is
  ASSERT_EQ(RunCommand({"mknod", Path("null"), "c", "1", "3"}).code, 0);
  for (const fs::path& output : {Path("fifo"), Path("stdout"), Path("null")}) {
    const FinishedCommand ended = Program(
        "labyrinth-recover", {"device-key", "--device-key", Path("key"), "--public-out", output.string()});
    EXPECT_EQ(ended.code, 1) << output;
    EXPECT_THAT(ended.err, HasSubstr(output.string()));
    EXPECT_FALSE(fs::exists(Path("key"))) << "no key without its public half";
  }
  EXPECT_TRUE(fs::is_fifo(Path("fifo")));
  EXPECT_TRUE(fs::is_character_file(Path("null")));
  EXPECT_TRUE(fs::is_symlink(Path("stdout")));
}

TEST_F(RealInputs, Row16_KeysOnAFullDiskLeaveNothing) {
  fs::create_directory(Path("full"));
  const auto full = SmallDisk::Under(Path("full"), 64 << 10);
  ASSERT_TRUE(full.ok()) << full.status();
  ASSERT_TRUE((*full)->Fill().ok());
  const std::string there = Path("full") / "out";
  const std::vector<std::vector<std::string>> commands = {
      {"labyrinth-admin", "token", "keygen", "--key", Path("t.key"), "--jwks", there},
      {"labyrinth-admin", "token", "keygen", "--key", there, "--jwks", Path("t.jwks")},
      {"labyrinth-admin", "pcr", "keygen", "--key", Path("p.key"), "--public-key", there},
      {"labyrinth-recover", "device-key", "--device-key", Path("d.key"), "--public-out", there},
      {"labyrinth-recover", "device-key", "--device-key", there}};
  for (const auto& command : commands) {
    const FinishedCommand ended = Program(command[0], {command.begin() + 1, command.end()});
    EXPECT_EQ(ended.code, 1) << command[1];
    EXPECT_THAT(ended.err, HasSubstr("No space left")) << command[1];
    EXPECT_EQ(std::distance(fs::directory_iterator(Path("full")), fs::directory_iterator()), 1) << command[1];
    for (const char* half : {"t.key", "t.jwks", "p.key", "d.key"})
      EXPECT_FALSE(fs::exists(Path(half))) << half;
  }
}

TEST_F(RealInputs, Row17_ArgumentsThatAreNoTextAreRefusedByName) {
  const std::string bytes = "/tmp/\xFF\xFE";
  const std::vector<std::vector<std::string>> commands = {
      {"labyrinth-recoveryd", "--config", bytes},
      {"labyrinth-recoveryd", "--config=" + bytes},
      {"labyrinth-admin", "token", "issue", "--account", bytes},
      {"labyrinth-admin", "realm", "init", "--state", bytes, "--device", "tpm2:device:/dev/tpm0"},
      {"labyrinth-admin", "backup", "create", "--output", bytes, "--socket", Path("s")},
      {"labyrinth-recover", "status", "--realms", bytes},
      {"labyrinth-recover", "device-key", "--json", "--device-key", bytes},
      {"labyrinth-mailbox", "--home", bytes, "--store", Path("s"), "read"},
      {"labyrinth-mailboxd", "--database", bytes, "--listen", "unix:/tmp/x"}};
  for (const auto& command : commands) {
    const FinishedCommand ended = Program(command[0], {command.begin() + 1, command.end()});
    EXPECT_EQ(ended.code, UsageCode(command[0])) << command[0];
    EXPECT_THAT(ended.err, HasSubstr("is not UTF-8 text")) << command[0];
    EXPECT_THAT(ended.err,
                testing::ContainsRegex("--(config|account|state|output|realms|device-key|home|database): "));
    EXPECT_EQ(ended.out, "");
  }
  for (const char* program : kPrograms) {
    for (const char* word : {"\xFF", "--\xFF", "--x=\xC0\xAF", "a\xED\xA0\x80"}) {
      const FinishedCommand ended = Program(program, {word});
      EXPECT_EQ(ended.code, UsageCode(program)) << program;
      EXPECT_THAT(ended.err, HasSubstr("UTF-8")) << program;
    }
    const FinishedCommand umlaut = Program(program, {"--gr\xC3\xB6\xC3\x9F"
                                                     "e"});
    EXPECT_EQ(umlaut.code, UsageCode(program));
    EXPECT_THAT(umlaut.err, Not(HasSubstr("UTF-8"))) << "text in any language is read";
  }
  const FinishedCommand variable =
      Program("labyrinth-mailbox", {"--store", "s", "read"}, {{"LABYRINTH_MAILBOX_HOME", "\xFFhome"}});
  EXPECT_EQ(variable.code, 1);
  EXPECT_THAT(variable.err, HasSubstr("LABYRINTH_MAILBOX_HOME"));
}

// --output "$UNSET" must not mean standard output.
TEST_F(RealInputs, Row17_EmptyAndEndlessArgumentsAreRefusedByName) {
  for (const char* program : kPrograms) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--realms", ""}, std::vector<std::string>{"--realms="}}) {
      const FinishedCommand ended = Program(program, words);
      EXPECT_EQ(ended.code, UsageCode(program)) << program;
      EXPECT_THAT(ended.err, HasSubstr("--realms: its value is empty")) << program;
    }
    const FinishedCommand endless = Program(program, {"--config", std::string(100'000, 'n')});
    EXPECT_EQ(endless.code, UsageCode(program)) << program;
  }
}

TEST_F(RealInputs, Row17_AWorkingFolderThatIsGoneIsSaid) {
  const std::vector<std::string> commands = {
      "labyrinth-recoveryd --config c.toml",
      "labyrinth-admin status --socket s",
      "labyrinth-admin realm init --device tpm2:device:/dev/tpm0 --state s",
      "labyrinth-admin anchor status --config c.toml",
      "labyrinth-admin backup create --socket /s --output copy",
      "labyrinth-admin token keygen --key k --jwks /tmp/x",
      "labyrinth-recover status --realms r",
      "labyrinth-recover device-key --device-key k"};
  for (const std::string& command : commands) {
    const FinishedCommand ended =
        RunCommand({"sh", "-c",
                    absl::StrCat("cd $(mktemp -d -p ", Quoted(folder_.path().string()),
                                 ") && rmdir \"$PWD\" && exec " LABREC_BIN_DIR "/", command)});
    EXPECT_EQ(ended.code, 2) << command << ended.err;
    EXPECT_THAT(ended.err,
                testing::ContainsRegex("^--[a-z-]+: the folder that this program was started in is gone"));
  }
  for (const char* command : {"labyrinth-mailbox --home h --store s read",
                              "labyrinth-mailboxd --database d --listen unix:/tmp/s"}) {
    const FinishedCommand ended =
        RunCommand({"sh", "-c",
                    absl::StrCat("cd $(mktemp -d -p ", Quoted(folder_.path().string()),
                                 ") && rmdir \"$PWD\" && exec " LABREC_BIN_DIR "/", command)});
    EXPECT_EQ(ended.code, 1) << command;
    EXPECT_THAT(ended.err, HasSubstr("No such file or directory")) << command;
  }
}

// Services have no HOME, and no locale.
TEST_F(RealInputs, Row17_AnEmptyEnvironmentIsEnough) {
  for (const char* program : kPrograms) {
    const FinishedCommand ended = RunCommand(
        {"env", "-i", "LANG=C", "TMPDIR=/nowhere", absl::StrCat(LABREC_BIN_DIR "/", program), "--version"});
    EXPECT_EQ(ended.code, 0) << program << ended.err;
  }
  const FinishedCommand made = RunCommand(
      {"env", "-i", LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", Path("key")});
  EXPECT_EQ(made.code, 0) << made.err;
}

}  // namespace labrec::test
