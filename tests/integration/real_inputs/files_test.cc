// Rows 8 to 11: files of secrets, folders of realms, and sockets, as operators name them.

#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

namespace {

std::string WithPinIn(const SoftHsm& token, const fs::path& file) {
  const std::string uri = token.uri();
  return absl::StrCat(uri.substr(0, uri.find("&pin-source=")), "&pin-source=file:", file.string());
}

unsigned ModeOf(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 0777;
}

}  // namespace

// What docs/operations.md has for a PIN: root's file, which an access control list opens to the service.
TEST_F(RealInputs, Row08_APinThatAnAccessControlListGivesTheServiceIsTaken) {
  const auto token = *SoftHsm::Start();
  GiveToService(token->configuration().parent_path());
  fs::create_directory(Path("service"));
  GiveToService(Path("service"));
  const fs::path pin = Write("pin", "labrec-1234\n", 0400);
  Run({"setfacl", "-m", absl::StrCat("u:", kService, ":r"), pin});
  ASSERT_EQ(ModeOf(pin), 0440U) << "as it shows: the mask stands in the group's place";
  const FinishedCommand ended =
      AsService("labyrinth-admin",
                {"realm", "init", "--device", WithPinIn(*token, pin), "--state", Path("service") / "realm"});
  EXPECT_EQ(ended.code, 0) << ended.err;
}

// As systemd.exec(5) makes it for LoadCredential=: root's folder and file, opened to the service's user.
TEST_F(RealInputs, Row08_ACredentialOfSystemdIsTaken) {
  const auto token = *SoftHsm::Start();
  GiveToService(token->configuration().parent_path());
  fs::create_directory(Path("service"));
  GiveToService(Path("service"));
  fs::create_directory(Path("credentials"));
  const fs::path pin = Write("credentials/pin", "labrec-1234", 0440);
  fs::permissions(Path("credentials"), fs::perms(0500));
  const std::string reader = absl::StrCat("u:", kService, ":rx");
  Run({"setfacl", "-m", reader, Path("credentials"), pin});
  const auto init = [&](const std::string& state) {
    return AsService(
        "labyrinth-admin",
        {"realm", "init", "--device", WithPinIn(*token, pin), "--state", Path("service") / state},
        {absl::StrCat("CREDENTIALS_DIRECTORY=", Path("credentials").string())});
  };
  const FinishedCommand ended = init("realm");
  EXPECT_EQ(ended.code, 0) << ended.err;
  // Where others get in as well it is no credential of this service's.
  fs::permissions(Path("credentials"), fs::perms(0555));
  EXPECT_THAT(init("another").err, HasSubstr("other users may access it"));
}

TEST_F(RealInputs, Row08_ASecretThatOthersMayReadIsRefusedWhateverTheWay) {
  const auto token = *SoftHsm::Start();
  const fs::path pin = Write("pin", "labrec-1234\n", 0400);
  for (const char* entry : {"u:65532:r,u:65533:r", "g:65533:r", "o::r"}) {
    Run({"setfacl", "-b", "-m", entry, pin});
    const FinishedCommand ended = Init(WithPinIn(*token, pin), Path("realm"));
    EXPECT_EQ(ended.code, 1) << entry;
    EXPECT_THAT(ended.err, HasSubstr("other users may access it")) << entry;
  }
  EXPECT_FALSE(fs::exists(Path("realm")));
}

// Each was wrong somewhere: a PIN that is refused counts against the token.
TEST_F(RealInputs, Row08_ASlipInASecretIsSaidBeforeTheDeviceCountsIt) {
  const auto token = *SoftHsm::Start();
  Write("pin", "");
  fs::create_directory(Path("folder"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const auto& [content, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "holds nothing"},
           {"\n", "holds nothing"},
           {"labrec-1234\n\n", "more than one line end"},
           {"labrec-1234\nlabrec-so-1234\n", "more than one line"},
           {"\xef\xbb\xbflabrec-1234\n", "byte order mark"}}) {
    Write("pin", content);
    const FinishedCommand ended = Init(WithPinIn(*token, Path("pin")), Path("realm"));
    EXPECT_EQ(ended.code, 1) << content;
    EXPECT_THAT(ended.err, HasSubstr(said));
    EXPECT_THAT(ended.err, Not(HasSubstr("CKR_")));
  }
  for (const char* name : {"folder", "pipe", "nothing"}) {
    EXPECT_NE(Init(WithPinIn(*token, Path(name)), Path("realm")).code, 0) << name;
  }
  Write("pin", "labrec-1234\r\n");
  fs::create_symlink("pin", Path("link"));
  const FinishedCommand ended = Init(WithPinIn(*token, Path("link")), Path("realm"));
  EXPECT_EQ(ended.code, 0) << ended.err;
}

TEST_F(RealInputs, Row09_TheOwnersAuthorisationMayHaveALineEnd) {
  const auto tpm = *Swtpm::Start();
  ASSERT_TRUE(TpmTools(*tpm).Run("changeauth -c owner secret").ok());
  const std::string device = absl::StrCat("tpm2:", tpm->tcti());
  int realms = 0;
  for (const char* content : {"secret", "secret\n", "secret\r\n"}) {
    const fs::path file = Write("owner", content);
    for (const std::string& uri : {device, absl::StrCat(device, "?owner-auth-source=file:", file.string())}) {
      const FinishedCommand ended =
          Init(uri, Path(absl::StrCat("realm", ++realms)), {"--owner-auth-file", file});
      EXPECT_EQ(ended.code, 0) << content << ": " << ended.err;
    }
  }
  for (const char* content : {"", "secret\n\n", "\xef\xbb\xbfsecret\n"}) {
    const FinishedCommand ended = Init(device, Path("none"), {"--owner-auth-file", Write("owner", content)});
    EXPECT_EQ(ended.code, 1) << content;
    EXPECT_THAT(ended.err, HasSubstr("write one line of plain text there")) << content;
  }
}

TEST_F(RealInputs, Row11_ASocketsPathIsMeantAsItStands) {
  RealmFixture::Options options;
  options.place = "a%20b c#d?e%41\xc3\xa4&=+%";
  const auto realm = RealmFixture::Make(SimulatorKind::kSwtpm, options);
  ASSERT_TRUE(realm.ok()) << realm.status();
  const absl::Status started = (*realm)->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  const auto status = (*realm)->Admin({"status"});
  EXPECT_TRUE(status.ok()) << status.status();
}

TEST_F(RealInputs, Row11_AnotherRealmsSocketIsNotReachedByAnEscape) {
  RealmFixture::Options options;
  options.place = "aA";
  const auto realm = RealmFixture::Make(SimulatorKind::kSwtpm, options);
  ASSERT_TRUE(realm.ok()) << realm.status();
  const absl::Status started = (*realm)->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  const std::string socket = (*realm)->admin_socket();
  EXPECT_EQ(Admin({"status", "--socket", socket}).code, 0);
  for (const char* other : {"/a%41/", "/aA?x/", "/aA#/", "/aA%3F/"}) {
    const std::string wrong = absl::StrReplaceAll(socket, {{"/aA/", other}});
    EXPECT_EQ(Admin({"status", "--socket", wrong}).code, 1) << wrong;
  }
  EXPECT_EQ(Admin({"status", "--socket", socket + "?x"}).code, 1);
  EXPECT_EQ(Admin({"status", "--socket", socket + "#x"}).code, 1);
}

}  // namespace labrec::test
