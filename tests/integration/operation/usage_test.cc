#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

// Wrong usage of every program: its exit code, and a message that names what is wrong.
namespace labrec::test {
namespace {

using testing::HasSubstr;

// Words of a command line and what has to be said of them. "@" stands for the test's own folder.
struct Misuse {
  std::string words;
  std::string message;
};

class Usage : public testing::Test {
 protected:
  void SetUp() override {
    Write("bad.toml",
          "[realm]\nstate = 5\nstat = \"x\"\n[listen]\naddress = \"nonsense\"\n[limits]\nqueue = 0\n");
    Write("lone.toml", "[realm]\nstate = \"s\"\n[listen]\naddress = \"unix:/nowhere/s\"\n");
    Write("tenant.toml",
          "[realm]\nstate = \"s\"\n[listen]\naddress = \"unix:/nowhere/s\"\n[tenants.a]\njwks_ca = \"c\"\n"
          "[tenants.b]\njwks = \"j\"\njwks_url = \"https://b\"\nfirst_device = \"anyone\"\n");
    Write("broken.toml", "x = [\n");
    Write("none.toml", "");
    Write("realms.toml",
          "[[realm]]\nid = \"00112233445566778899aabbccddeeff\"\naddress = \"localhost:1\"\n"
          "ca_certificate = \"ca.pem\"\n");
    const std::string ca = folder_.path() / "ca.pem";
    ASSERT_EQ(RunCommand({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                          "-nodes", "-subj", "/CN=ca", "-keyout", folder_.path() / "ca.key", "-out", ca})
                  .code,
              0);
    Write("noca.toml",
          "[[realm]]\nid = \"00112233445566778899aabbccddeeff\"\naddress = \"localhost:1\"\n"
          "ca_certificate = \"garbage\"\n");
    Write("garbage", "garbage\n");
  }
  void Write(const char* name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
    std::filesystem::permissions(folder_.path() / name, std::filesystem::perms(0600));
  }
  void Expect(const std::string& program, int code, const std::vector<Misuse>& all) {
    for (const Misuse& misuse : all) {
      const FinishedCommand ended = RunCommand(Words(program, misuse.words));
      EXPECT_EQ(ended.code, code) << program << " " << misuse.words << "\n" << ended.err;
      EXPECT_THAT(ended.err, HasSubstr(misuse.message)) << program << " " << misuse.words;
      EXPECT_EQ(ended.out, "") << program << " " << misuse.words;
    }
  }
  std::vector<std::string> Words(const std::string& program, const std::string& text) const {
    std::vector<std::string> words = {LABREC_BIN_DIR "/" + program};
    std::string word;
    for (const char c : text + " ") {
      if (c == '@' && (word.empty() || word.ends_with('=') || word.ends_with(':'))) {
        word += folder_.path().string();
      } else if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::exchange(word, ""));
      }
    }
    return words;
  }
  TemporaryFolder folder_;
};

TEST_F(Usage, Recoveryd) {
  Expect("labyrinth-recoveryd", 2,
         {{"", "--config is required"},
          {"--bogus", "Not known here: --bogus"},
          {"--config @/nowhere.toml", "nowhere.toml: No such file"},
          {"--config @/bad.toml extra", "extra"},
          {"--config @/broken.toml", "broken.toml:1: no valid TOML"},
          {"--config @/bad.toml --check-config", "bad.toml:2: [realm] state: has to be a text"},
          {"--config @/bad.toml", "bad.toml:3: [realm] stat: is no key of this section"},
          {"--config @/bad.toml", "bad.toml:5: [listen] address: is neither"},
          {"--config @/bad.toml", "bad.toml:7: [limits] queue: has to be a whole number from 1 to 1048576"},
          {"--config @/lone.toml", "[tenants]: names no tenant"},
          {"--config @/tenant.toml", "[tenants.a] jwks_ca: has a use with jwks_url only"},
          {"--config @/tenant.toml", "[tenants.a] jwks: is missing"},
          {"--config @/tenant.toml", "[tenants.b] jwks: stands beside jwks_url"},
          {"--config @/tenant.toml", "[tenants.b] first_device: has to be"}});
}

TEST_F(Usage, Admin) {
  Expect(
      "labyrinth-admin", 2,
      {{"", "A subcommand is required"},
       {"realm innit", "Not known here: innit"},
       {"realm init --state @/x", "--device is required"},
       {"realm init --device foo:bar --state @/x", "'foo:bar' names no device"},
       {"realm init --device tpm2:swtpm:path=@/t --state @/x --bucket-exponent 25", "0 to 20"},
       {"realm init --device tpm2:swtpm:path=@/t --state @/x --accounts 5 --bucket-exponent 8", "excludes"},
       {"realm init --device tpm2:swtpm:path=@/t --state @/x --accounts 0", "1 to 20971520"},
       {"realm init --device tpm2:swtpm:path=@/t --state @/x --accounts 20971521", "1 to 20971520"},
       {"status", "Exactly 1 option from [--socket,--state,--config] is required"},
       {"status --socket a --state b", "2 were given"},
       {"device revoke --socket @/s --tenant t --account a --device-id xyz", "--device-id: 32 hexadecimal"},
       {"token issue --key k --tenant t --account a --service s --lifetime 86401", "1 to 86400"},
       {"token issue --key k --tenant t --account a", "Exactly 1 option from [--realm,--service]"},
       {"token issue --key k --tenant t --account a --realm oslo", "32 hexadecimal digits"},
       {"tenant add --config @/lone.toml --tenant t", "Exactly 1 option from [--jwks,--jwks-url]"},
       {"tenant add --config @/lone.toml --tenant t --jwks-url http://t", "has to begin with \"https://\""},
       {"tenant add --config @/lone.toml --tenant t --jwks-url https://me:pw@t", "a name and password"},
       {"tenant set --config @/bad.toml --tenant t", "bad.toml:2: [realm] state"},
       {"anchor accept --state @ --reanchor-floor 21", "1 to 20"},
       {"anchor status --config @/bad.toml", "bad.toml:2: [realm] state"}});
  Expect("labyrinth-admin", 1,
         {{"status --socket @/s", "no answer from labyrinth-recoveryd"},
          {"realm show --state @/nowhere", "there is no such folder"},
          {"realm init --device tpm2:swtpm:path=@/t --state @", "is in use; choose a folder that is empty"},
          {"realm init --device tpm2:swtpm:path=@/t --state @/x", "no TPM there"},
          {"tenant disable --config @/lone.toml --tenant t", "there is no tenant \"t\""},
          {"tenant remove --config @/lone.toml --tenant t", "nothing was removed"},
          {"record delete --socket @/s --tenant t --account a --record r", "say --yes if you mean it"}});
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x")) << "nothing was made";
}

// A full disk, or a pipe that nobody reads any more.
TEST_F(Usage, OutputThatDoesNotArriveIsAFailure) {
  const std::string folder = folder_.path().string();
  for (const std::string& command :
       {"labyrinth-admin token keygen --key " + folder + "/t.key --jwks " + folder + "/t.jwks",
        "labyrinth-admin token issue --key " + folder + "/t.key --tenant t --account a --service s",
        "labyrinth-admin token issue --key " + folder + "/t.key --tenant t --account a --service s --json",
        "labyrinth-recover device-key --device-key " + folder + "/phone.key",
        "labyrinth-recover device-key --json --device-key " + folder + "/phone2.key"}) {
    const FinishedCommand ended = RunCommand({"sh", "-c", LABREC_BIN_DIR "/" + command + " > /dev/full"});
    EXPECT_EQ(ended.code, 1) << command;
    EXPECT_THAT(ended.err, testing::HasSubstr("standard output was not written whole"));
  }
}

TEST_F(Usage, Recover) {
  const std::string realms = " --realms @/realms.toml";
  const std::string seal = "seal" + realms + " --token-file @/garbage --device-key @/k --secret-file @/s ";
  Expect("labyrinth-recover", 2,
         {{"", "A subcommand is required"},
          {"recuver", "Not known here: recuver"},
          {"seal --device-key k --secret-file s", "--realms is required"},
          {"status --realms @/nowhere --token-file @/garbage", "nowhere: No such file"},
          {"status --realms @/broken.toml --token-file @/garbage", "broken.toml:1: not TOML"},
          {"status --realms @/none.toml --token-file @/garbage", "no realm; add one [[realm]]"},
          {"status --realms @/noca.toml --token-file @/garbage", "holds no PEM certificate"},
          {"status" + realms, "no token for realm"},
          {"status" + realms + " --token-file @/garbage", "the token is no JSON Web Token"},
          {"status" + realms + " --token-file @/nowhere", "nowhere: No such file"},
          {"recover" + realms + " --pin 1234", "--pin"},
          {"recover" + realms + " --timeout 0", "--timeout"},
          {seal + "--guess-limit 0", "1 to 20"},
          {seal + "--guess-limit 21", "1 to 20"},
          {seal + "--threshold 17", "1 to 16"}});
}

// Nobody answers at the realm's address: exit code 6 is of a PIN that was taken, 2 of one that was refused
// before anybody was asked.
TEST_F(Usage, APinThatNobodyTypesIsRefusedBeforeARealmIsAsked) {
  const std::string folder = folder_.path().string();
  const std::string admin = LABREC_BIN_DIR "/labyrinth-admin";
  const std::string key = folder + "/t.key";
  ASSERT_EQ(RunCommand({admin, "token", "keygen", "--key", key, "--jwks", folder + "/t.jwks"}).code, 0);
  const FinishedCommand token = RunCommand({admin, "token", "issue", "--key", key, "--tenant", "t",
                                            "--account", "a", "--realm", "00112233445566778899aabbccddeeff"});
  ASSERT_EQ(token.code, 0) << token.err;
  Write("alice.jwt", token.out);
  Write("s", "secret");
  ASSERT_EQ(
      RunCommand({LABREC_BIN_DIR "/labyrinth-recover", "device-key", "--device-key", folder + "/k"}).code, 0);
  const std::string where = " --pin-stdin --timeout 1 --realms @/realms.toml --token-file @/alice.jwt";
  const auto code = [&](const std::string& words, const std::string& input) {
    const FinishedCommand ended = RunCommand(Words("labyrinth-recover", words + where), input);
    EXPECT_EQ(ended.err.find("4938"), std::string::npos) << ended.err;
    return ended.code;
  };
  for (const std::string words :
       {"recover --output @/o", "seal --device-key @/k --secret-file @/s", "change-pin"}) {
    const std::string second = words == "change-pin" ? "271828\n" : "";
    for (const char* const pin : {"\n", "\r\n", "4938\r17\n", "\x1b[A4938\n", "\x1b[200~4938\x1b[201~\n",
                                  "\xef\xbb\xbf\x34\x39\n", "49\xff\n", "4938\x07\n", "493817\r\r\n"}) {
      EXPECT_EQ(code(words, pin + second), 2) << words << " " << pin;
    }
    EXPECT_EQ(code(words, ""), 2) << words;
    for (const char* const pin : {"493817\n", "493817\r\n", "\xef\xbc\x94\xef\xbc\x99\n", "Cafe\xcc\x81\n"}) {
      EXPECT_EQ(code(words, pin + second), 6) << words << " " << pin;
    }
  }
  EXPECT_EQ(code("change-pin", "493817\n\x1b[A\n"), 2);  // the new one
}

TEST_F(Usage, Mailbox) {
  Expect("labyrinth-mailbox", 1,
         {{"", "--home is required"},
          {"--home @/h", "--store is required"},
          {"--home @/h --store @/s reed", "Not known here: reed"},
          {"--home @/h --store @/s init --tenant t", "--account is required"},
          {"--home @/h --store http://x init --tenant t --account a", "http://x is no address"},
          {"--home @/h --store @/s read", "is not the home of a mailbox's member"},
          {"--home @/h --store @/s --threshold 17 read", "1 to 16"}});
}

TEST_F(Usage, Mailboxd) {
  Expect("labyrinth-mailboxd", 1,
         {{"", "--database is required"},
          {"--database @/d", "--listen is required"},
          {"--database @/d --listen nonsense", "unix:/path or host:port, not nonsense"},
          {"--database @/d --listen 0.0.0.0:0", "others can reach 0.0.0.0:0"},
          {"--database @/d --listen unix:@/s --tls-key x", "--tls-key requires --tls-certificate"}});
}

}  // namespace
}  // namespace labrec::test
