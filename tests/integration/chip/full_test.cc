// A chip that is full, through the programs: a daemon on a real swtpm with room for two records that the chip
// counts for, and labyrinth-recover as its users run it.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/chip_realm.h"

namespace labrec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kSecret[] = "a secret";
constexpr char kPin[] = "4711\n";

struct Ended {
  int code = -1;
  json out;  // null if it is no JSON
  std::string err;
};

class ChipFull : public testing::Test {
 protected:
  void SetUp() override {
    ChipRealm::Options options;
    options.counted_indices = 3;  // the range's mark has the first handle
    auto made = ChipRealm::Make(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    std::filesystem::create_directories(Path("roots"));
    int number = 0;
    for (const Bytes& anchor : realm_->trust().anchors) {
      std::ofstream(Path(absl::StrCat("roots/", ++number, ".der"))) << ToString(anchor);
    }
    std::ofstream(Path("secret")) << kSecret;
    std::filesystem::permissions(Path("secret"), std::filesystem::perms::owner_read);
    std::ofstream(Path("realms.toml"))
        << "[[realm]]\nid = \"" << realm_->fixture().realm_id() << "\"\nname = \"oslo\"\naddress = \""
        << realm_->fixture().address() << "\"\nca_certificate = \""
        << realm_->fixture().ca_certificate().string() << "\"\n";
  }

  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }
  Ended Recover(const std::string& who, std::vector<std::string> words, const std::string& pin = kPin) {
    std::ofstream(Path(who + ".jwt")) << realm_->fixture().Token(who) << "\n";
    words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-recover");
    words.insert(words.end(),
                 {"--json", "--realms", Path("realms.toml"), "--token-file", Path(who + ".jwt")});
    const FinishedCommand ended = RunCommand(words, pin);
    return {ended.code, json::parse(ended.out, nullptr, false), ended.err};
  }
  void Enroll(const std::string& who) {
    ASSERT_EQ(
        RunCommand({LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", Path(who + ".pem")})
            .code,
        0);
    ASSERT_EQ(Recover(who, {"enroll", "--device-key", Path(who + ".pem")}).code, 0);
  }
  Ended Seal(const std::string& who, const std::string& enforcement) {
    return Recover(
        who,
        {"seal", "--device-key", Path(who + ".pem"), "--secret-file", Path("secret"), "--pin-stdin",
         "--guess-limit", "3", "--enforcement", enforcement, "--ek-roots", Path("roots")},
        absl::StrCat(kPin, kPin));
  }
  // The exit code of a recovery with the right PIN; 0 only if the very secret came.
  int Recovered(const std::string& who) {
    std::filesystem::remove(Path("got"));
    const Ended ended = Recover(who, {"recover", "--pin-stdin", "--output", Path("got")});
    if (ended.code != 0) return ended.code;
    std::ifstream file(Path("got"));
    return std::string(std::istreambuf_iterator<char>(file), {}) == kSecret ? 0 : -1;
  }
  Ended Delete(const std::string& who) {
    return Recover(who, {"delete", "--device-key", Path(who + ".pem")});
  }
  json ShowRealm() {
    const auto shown = realm_->fixture().Admin(
        {"realm", "show", "--config", (realm_->fixture().log().parent_path() / "recoveryd.toml").string()},
        false);
    EXPECT_TRUE(shown.ok()) << shown.status();
    return shown.ok() ? json::parse(*shown) : json();
  }

  TemporaryFolder folder_;
  std::unique_ptr<ChipRealm> realm_;
};

TEST_F(ChipFull, RefusesClearlyAndKeepsWhatItHas) {
  for (const char* who : {"alice", "bob", "carol", "dave"}) Enroll(who);
  ASSERT_FALSE(HasFailure());
  const json empty = ShowRealm()["chip"];
  EXPECT_EQ(empty["counts"], true) << empty;
  EXPECT_EQ(empty["used"], 0);
  EXPECT_EQ(empty["free_handles"], 2);
  for (const char* who : {"alice", "bob"}) {
    const Ended sealed = Seal(who, "chip");
    ASSERT_EQ(sealed.code, 0) << sealed.err;
  }

  const Ended refused = Seal("carol", "chip");
  EXPECT_EQ(refused.code, 1) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("the chip has no room for one more record"));
  EXPECT_EQ(Recovered("carol"), 5) << "nothing is registered, by the ledger either";
  const json status = realm_->Status()["chip"];
  EXPECT_EQ(status["used"], 2) << status;
  EXPECT_EQ(status["free_handles"], 0);
  EXPECT_EQ(status["begun"], 0);
  EXPECT_EQ(ShowRealm()["chip"], status) << "a running daemon is asked";
  EXPECT_EQ(Recovered("alice"), 0);
  EXPECT_EQ(Recovered("bob"), 0);

  const Ended fallen_back = Seal("carol", "chip-or-ledger");
  ASSERT_EQ(fallen_back.code, 0) << fallen_back.err;
  EXPECT_THAT(fallen_back.err, HasSubstr("wrong PINs are counted by its ledger: "));
  EXPECT_EQ(fallen_back.out["counting"][0]["enforcement"], "ledger");
  EXPECT_THAT(fallen_back.out["counting"][0]["no_chip_reason"].get<std::string>(),
              HasSubstr("no room for one more record"));
  EXPECT_EQ(Recovered("carol"), 0);

  ASSERT_EQ(Delete("bob").code, 0);
  EXPECT_EQ(realm_->UsedAfterAll(1), 1);
  const Ended sealed = Seal("dave", "chip-or-ledger");
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(sealed.out["counting"][0]["enforcement"], "chip") << "there is room again";
  EXPECT_EQ(Recovered("dave"), 0);
  EXPECT_EQ(realm_->Status()["chip"]["used"], 2);
}

// An abandoned registration of an account gives way to its next one, on a chip that has no other room.
TEST_F(ChipFull, ButForWhatNobodyFinished) {
  Enroll("bob");
  const Ended first = Seal("bob", "chip");
  ASSERT_EQ(first.code, 0) << first.err;
  const auto alice = realm_->NewAccount("alice");
  ASSERT_TRUE(alice.ok()) << alice.status();
  ASSERT_TRUE(realm_->Abandon(*alice, "default").ok());
  EXPECT_EQ(realm_->Status()["chip"]["begun"], 1);
  Enroll("carol");
  const Ended refused = Seal("carol", "chip");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err,
              HasSubstr("registrations that are under way hold 1 of them, for at most 300 seconds"));
  const auto sealed = realm_->Seal(*alice, 3);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(ChipRealm::Try(*alice, ChipRealm::kRightPin), "right");
  EXPECT_EQ(realm_->Status()["chip"]["begun"], 0);
  EXPECT_EQ(realm_->Status()["chip"]["used"], 2);
}

TEST_F(ChipFull, IsTheSameWithoutADaemon) {
  Enroll("alice");
  ASSERT_EQ(Seal("alice", "chip").code, 0);
  ASSERT_TRUE(realm_->fixture().StopDaemon().ok());
  const json chip = ShowRealm()["chip"];
  EXPECT_EQ(chip["counts"], true) << chip;
  EXPECT_EQ(chip["used"], 1);
  EXPECT_EQ(chip["free_handles"], 1);

  realm_->fixture().BreakDevice();
  const json away = ShowRealm();
  EXPECT_EQ(away["name"], "oslo") << "what the folder says is shown all the same";
  EXPECT_TRUE(away["chip"]["counts"].is_null()) << away;
  EXPECT_NE(away["chip"]["reason"], "");
}

}  // namespace
}  // namespace labrec::test
