// Rows 6, 7 and 14: addresses of tokens, their modules, and TPMs that others set up.

#include <set>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::set<std::string> FilesOf(const SoftHsm& token) {
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator(token.TokenFolder())) names.insert(file.path().filename());
  return names;
}

// These words before the '?' of the token's address, and these behind it.
std::string With(const SoftHsm& token, const std::string& path, const std::string& query = "") {
  return absl::StrReplaceAll(token.uri(), {{"?", absl::StrCat(path, "?", query)}});
}

// NSS's softoken with a database of its own, as certutil makes it.
class NssToken {
 public:
  NssToken() : database_(folder_.path() / "nss") {
    fs::create_directory(database_);
    std::FILE* const pin = std::fopen(PinFile().c_str(), "w");
    std::fputs("labrec-1234\n", pin);
    std::fclose(pin);
    fs::permissions(PinFile(), fs::perms(0600));
    const FinishedCommand made =
        RunCommand({"certutil", "-N", "-d", "sql:" + database_.string(), "-f", PinFile()});
    EXPECT_EQ(made.code, 0) << "certutil (Debian package libnss3-tools): " << made.err;
  }
  std::string UriWithoutSettings() const {
    return absl::StrCat("pkcs11:token=NSS%20Certificate%20DB?module-path=" LABREC_NSS_SOFTOKEN
                        "&pin-source=file:",
                        PinFile().string());
  }
  std::string uri() const {
    return absl::StrCat(UriWithoutSettings(), "&x-init-args=configdir='sql:", database_.string(),
                        "'%20certPrefix=''%20keyPrefix=''%20secmod='secmod.db'");
  }

 private:
  fs::path PinFile() const { return folder_.path() / "pin"; }
  TemporaryFolder folder_;
  const fs::path database_;
};

}  // namespace

TEST_F(RealInputs, Row06_WhatTheChoiceDoesNotCompareIsRefused) {
  const auto token = *SoftHsm::Start();
  const std::set<std::string> before = FilesOf(*token);
  for (const char* attribute :
       {"slot-description=nonsense", "slot-manufacturer=nonsense", "library-manufacturer=nonsense",
        "library-description=nonsense", "library-version=9.9", "object=key", "type=private", "id=%01",
        "x-vendor=1", "tokne=a", "Token=a"}) {
    const FinishedCommand ended = Init(With(*token, absl::StrCat(";", attribute)), Path("realm"));
    EXPECT_EQ(ended.code, 2) << attribute << ": " << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("PKCS#11 address: ")) << attribute;
  }
  EXPECT_FALSE(fs::exists(Path("realm")));
  EXPECT_EQ(FilesOf(*token), before);
}

TEST_F(RealInputs, Row06_AnAttributeThatStandsThereTwiceIsRefused) {
  const auto token = *SoftHsm::Start();
  for (const std::string& uri :
       {With(*token, ";token=labrec%20test"), With(*token, ";slot-id=0;slot-id=1"),
        With(*token, "", "x-parallelism=2&x-parallelism=2&"), token->uri() + "&pin-source=file:/nowhere",
        With(*token, "", "module-path=/nowhere.so&")}) {
    const FinishedCommand ended = Init(uri, Path("realm"));
    EXPECT_EQ(ended.code, 2) << uri << ": " << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("stands there twice")) << uri;
  }
  EXPECT_FALSE(fs::exists(Path("realm")));
}

TEST_F(RealInputs, Row06_APinInTheAddressIsNeitherTakenNorKeptNorSaid) {
  const auto token = *SoftHsm::Start();
  for (const std::string& uri :
       {With(*token, ";pin-value=labrec-1234"), With(*token, "", "pin-value=labrec-1234&"),
        With(*token, ";pin-value=labrec-1234%zz"), With(*token, ";PIN-VALUE=labrec-1234"),
        With(*token, ";pin-value:labrec-1234"), "PKCS11" + With(*token, ";pin-value=labrec-1234").substr(6),
        " " + With(*token, ";pin-value=labrec-1234")}) {
    const FinishedCommand ended = Init(uri, Path("realm"));
    EXPECT_EQ(ended.code, 2) << uri << ": " << ended.err;
    EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("labrec-1234"))) << uri;
  }
  EXPECT_FALSE(fs::exists(Path("realm")));
}

TEST_F(RealInputs, Row06_BlanksAndLineEndsDoNotMeanAnotherToken) {
  const auto token = *SoftHsm::Start();
  for (const char* label :
       {"labrec%20 test", "labrec%20test\n", "labrec\r\n%20test", " labrec%20test", "labrec%20te\tst",
        "labrec test", "labrec%20test%0A", "labrec%20test%00", "labrec"}) {
    const FinishedCommand ended =
        Init(absl::StrReplaceAll(token->uri(), {{"labrec%20test", label}}), Path("realm"));
    EXPECT_NE(ended.code, 0) << label;
  }
  EXPECT_FALSE(fs::exists(Path("realm")));
  const std::string encoded = absl::StrReplaceAll(token->uri(), {{"labrec%20test", "l%61brec%20%74est"}});
  const FinishedCommand ended = Init(encoded, Path("realm"));
  EXPECT_EQ(ended.code, 0) << ended.err;
}

TEST_F(RealInputs, Row06_TheDaemonsConfigurationIsReadByTheSameRule) {
  const auto token = *SoftHsm::Start();
  const auto check = [this](const std::string& section, const std::string& uri) {
    const fs::path file =
        Write("recoveryd.toml",
              absl::StrCat(
                  "[realm]\nstate = \"realm\"\n[", section, "]\nuri = \"", uri,
                  "\"\n[listen]\naddress = \"unix:/nowhere/s\"\n[tenants.chat]\njwks = \"no-such-file\"\n"));
    return RunCommand({LABREC_BIN_DIR "/labyrinth-recoveryd", "--check-config", "--config", file});
  };
  for (const char* section : {"device", "anchor"}) {
    EXPECT_THAT(check(section, token->uri()).err, HasSubstr("no-such-file")) << "what comes next";
    for (const std::string& uri :
         {With(*token, ";slot-description=x"), With(*token, ";pin-value=labrec-1234"),
          std::string("tpm2:device:/dev/tpm0?counted-indices=1&counted-indices=2")}) {
      const FinishedCommand ended = check(section, uri);
      EXPECT_EQ(ended.code, 2) << uri;
      EXPECT_THAT(ended.err, HasSubstr(absl::StrCat("recoveryd.toml: [", section, "] uri: "))) << uri;
      EXPECT_THAT(ended.err, Not(HasSubstr("labrec-1234")));
    }
  }
}

TEST_F(RealInputs, Row07_AModuleThatWantsToBeToldItsSettingsSaysSo) {
  const NssToken token;
  const FinishedCommand ended = Init(token.UriWithoutSettings(), Path("realm"));
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("C_Initialize: CKR_ARGUMENTS_BAD (0x7)"));
  EXPECT_THAT(ended.err, HasSubstr("x-init-args"));
  EXPECT_THAT(ended.err, Not(HasSubstr("unexpected")));
  EXPECT_THAT(ended.err, Not(HasSubstr("run the probe")));
}

TEST_F(RealInputs, Row07_NssServesWithItsSettings) {
  const NssToken token;
  RealmFixture::Options options;
  options.device = token.uri();
  const auto realm = RealmFixture::Make(SimulatorKind::kSoftHsm, options);
  ASSERT_TRUE(realm.ok()) << realm.status();
  for (int start = 0; start < 2; ++start) {
    const absl::Status started = (*realm)->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    EXPECT_TRUE((*realm)->Admin({"status"}).ok());
    ASSERT_TRUE((*realm)->StopDaemon().ok());
  }
  const auto verified = (*realm)->Admin({"anchor", "verify", "--state", (*realm)->state()}, false);
  EXPECT_TRUE(verified.ok()) << verified.status();
}

// An installer's storage key whose uses count towards the lockout: a realm under it would not come back from
// a restart before the lockout ends.
TEST_F(RealInputs, Row14_AParentKeyThatALockedChipRefusesIsNotTaken) {
  RealmFixture::Options options;
  options.prepare_tpm = [](const Swtpm& tpm) {
    const TpmTools tools(tpm);
    const std::string attributes =
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt";  // no noda
    for (const std::string& line :
         {"createprimary -C o -g sha256 -G ecc256:aes128cfb -a " + attributes + " -c parent.ctx",
          std::string("evictcontrol -C o -c parent.ctx 0x81000001"),
          std::string("dictionarylockout --setup-parameters --max-tries=1 --recovery-time=100000 "
                      "--lockout-recovery-time=100000")}) {
      const absl::Status ran = tools.Run(line);
      if (!ran.ok()) return ran;
    }
    return absl::OkStatus();
  };
  const auto realm = RealmFixture::Make(SimulatorKind::kSwtpm, options);
  ASSERT_TRUE(realm.ok()) << realm.status();
  // Somebody else's wrong password locks the chip.
  const TpmTools tools(*(*realm)->swtpm());
  ASSERT_TRUE(tools
                  .Run("createprimary -C o -g sha256 -G ecc256 -p right -a "
                       "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt -c p.ctx")
                  .ok());
  ASSERT_TRUE(tools.Run("evictcontrol -C o -c p.ctx 0x81000100").ok());
  EXPECT_FALSE(tools.Run("create -C 0x81000100 -P wrong -G ecc -u k.pub -r k.priv").ok());
  EXPECT_FALSE(tools.Run("create -C 0x81000001 -G ecc -u k.pub -r k.priv").ok()) << "the chip is not locked";
  const absl::Status started = (*realm)->StartDaemon();
  EXPECT_TRUE(started.ok()) << started;
}

// Nor one that wants a password, which only trying tells.
TEST_F(RealInputs, Row14_AParentKeyWithAPasswordIsNotTaken) {
  RealmFixture::Options options;
  options.prepare_tpm = [](const Swtpm& tpm) {
    const TpmTools tools(tpm);
    const absl::Status made = tools.Run(
        "createprimary -C o -g sha256 -G ecc256:aes128cfb -p secret -a "
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt|noda -c p.ctx");
    return made.ok() ? tools.Run("evictcontrol -C o -c p.ctx 0x81000001") : made;
  };
  const auto realm = RealmFixture::Make(SimulatorKind::kSwtpm, options);
  ASSERT_TRUE(realm.ok()) << realm.status();
  const absl::Status started = (*realm)->StartDaemon();
  EXPECT_TRUE(started.ok()) << started;
}

}  // namespace labrec::test
