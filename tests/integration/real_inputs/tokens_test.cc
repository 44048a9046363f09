// Rows 1 to 5: tokens, key sets and addresses as platforms and people make them.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// A daemon, and labyrinth-recover with the tokens that a platform made.
class RealInputsWithTokens : public RealInputs {
 protected:
  void StartRealm(const std::string& more_limits = "") {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.limits += more_limits;
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // As text, so that numbers look as they did.
  std::string Token(const std::string& type, const std::string& more_claims) const {
    const EcdsaPrivateKey& key = realm_->token_key();
    const int64_t now = SystemClock().NowMillis() / 1000;
    const std::string header = absl::StrCat(R"({"alg":"ES256","typ":")", type, R"(","kid":")",
                                            recovery::TokenKeyId(key.public_key()), R"("})");
    const std::string claims =
        absl::StrCat(R"({"iss":"chat","sub":"alice","aud":")", realm_->realm_id(), R"(","iat":)", now,
                     R"(.25,"exp":)", now + 600, ".5", more_claims, "}");
    const std::string text =
        recovery::Base64Url(AsBytes(header)) + "." + recovery::Base64Url(AsBytes(claims));
    return text + "." + recovery::Base64Url(key.Sign(AsBytes(text)));
  }
  FinishedCommand StatusAt(const std::string& address, const std::string& token,
                           const std::map<std::string, std::string>& environment = {}) const {
    Write("token", token);
    Write("realms", absl::StrCat("[[realm]]\nid = \"", realm_->realm_id(), "\"\naddress = \"", address,
                                 "\"\nca_certificate = \"", realm_->ca_certificate().string(),
                                 "\"\ntoken_file = \"token\"\n"));
    FinishedCommand ended = RunCommand(
        {LABREC_BIN_DIR "/labyrinth-recover", "status", "--realms", Path("realms")}, "", environment);
    ended.err += ended.out;  // what it says of realms is its result
    return ended;
  }
  // The realm takes the token: all that it says is that there is no record.
  void ExpectTaken(const std::string& token) const {
    const FinishedCommand ended = StatusAt(realm_->address(), token);
    EXPECT_EQ(ended.code, 5) << ended.err;
  }

  std::unique_ptr<RealmFixture> realm_;
};

TEST_F(RealInputsWithTokens, Row01_AccessTokensWithFractionsAndLongIdsAreTaken) {
  StartRealm();
  Start();
  ExpectTaken(Token("at+jwt", R"(,"jti":"5f0c9a3e8d7b4c61a2e39b7f5d8c1e06")"));
  ExpectTaken(Token("JWT", R"(,"jti":123456789012345678901234567890)"));
  ExpectTaken(Token("application/at+jwt", R"(,"nbf":0.5,"scope":"openid")"));
  std::string broken = Token("at+jwt", "");
  broken[broken.size() - 20] = broken[broken.size() - 20] == 'A' ? 'B' : 'A';
  EXPECT_THAT(StatusAt(realm_->address(), broken).err, HasSubstr("signature does not verify"));
  const FinishedCommand odd = StatusAt(realm_->address(), Token("logout+jwt", ""));
  EXPECT_THAT(odd.err, HasSubstr("\"typ\"")) << "what is refused is named";
}

TEST_F(RealInputsWithTokens, Row02_TokensWithManyGroupsAreTakenWhereMetadataMayBeLong) {
  StartRealm("metadata_bytes = 65536\n");
  Start();
  std::string groups = R"(,"groups":["00000000-0000-0000-0000-000000000000")";
  for (int i = 0; i < 120; ++i)
    absl::StrAppend(&groups, ",\"1b4e28ba-2fa1-11d2-883f-0016d3cca", i + 100, "\"");
  const std::string token = Token("JWT", groups + "]");
  ASSERT_GT(token.size(), 4700U);
  ExpectTaken(token);
}

TEST_F(RealInputsWithTokens, Row03_KeysThatCannotBeUsedArePassedOverWithAWarning) {
  StartRealm();
  Json keys = Json::parse(recovery::TokenKeySet(realm_->token_key().public_key()));
  const Json good = keys["keys"][0];
  Json nameless = good, padded = good, for_signing = good, for_encryption = good;
  nameless.erase("kid");
  padded["kid"] = "padded";
  padded["x"] = good["x"].get<std::string>() + "=";
  for_signing["kid"] = "signs";
  for_signing["key_ops"] = Json::array({"sign"});
  for_encryption["kid"] = "encrypts";
  for_encryption["use"] = "enc";
  const Json short_rsa = {{"kty", "RSA"}, {"kid", "short"}, {"e", "AQAB"}, {"n", std::string(172, 'x')}};
  keys["keys"] = Json::array({nameless, short_rsa, for_signing, good, for_encryption, padded});
  const auto write = [this](const Json& set) {
    EXPECT_TRUE(WriteFile(realm_->jwks(), AsBytes(set.dump()), 0644, Overwrite::kReplace).ok());
  };
  write(keys);
  Start();
  for (const char* passed_over : {"keys[0]", "keys[1]", "keys[2]", "keys[4]"}) {
    EXPECT_THAT(realm_->Log(), HasSubstr(passed_over));
  }
  ExpectTaken(Token("JWT", ""));
  ASSERT_TRUE(realm_->StopDaemon().ok());
  // Nothing is left: refused, and by --check-config as by a start.
  write({{"keys", Json::array({nameless, short_rsa, for_signing, for_encryption})}});
  const std::string config = realm_->state().parent_path() / "recoveryd.toml";
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--check-config"}, std::vector<std::string>{}}) {
    std::vector<std::string> command = {LABREC_BIN_DIR "/labyrinth-recoveryd", "--config", config};
    command.insert(command.end(), more.begin(), more.end());
    const FinishedCommand ended = RunCommand(command);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("[tenants.chat] jwks"));
  }
}

TEST_F(RealInputsWithTokens, Row04_AddressesThatAreNoneAreRefusedByFileAndLine) {
  StartRealm();
  const std::string token = Token("JWT", "");
  for (const char* address :
       {"https://realm.example:7443", "https://localhost", "::1:17443", "localhost:99999", "localhost:0",
        "localhost", "localhost:https", ":7443", "[::1]7443", "local host:7443"}) {
    const FinishedCommand ended = StatusAt(address, token);
    EXPECT_EQ(ended.code, 2) << address << ": " << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("realms:3:")) << address;
    EXPECT_THAT(ended.err, Not(HasSubstr("try again"))) << address;
  }
}

TEST_F(RealInputsWithTokens, Row05_AProxyInTheWayIsNamedAndItsPasswordIsNot) {
  StartRealm();
  const FinishedCommand ended =
      StatusAt("realm.invalid:7443", Token("JWT", ""), {{"https_proxy", "http://me:topsecret@127.0.0.1:9"}});
  EXPECT_EQ(ended.code, 6) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("https_proxy"));
  EXPECT_THAT(ended.err, HasSubstr("127.0.0.1:9"));
  EXPECT_THAT(ended.err, Not(HasSubstr("topsecret")));
}

// However it is written: this one has no certificate for its name, but it is asked.
TEST_F(RealInputsWithTokens, Row05_OneAddressHasManySpellings) {
  StartRealm();
  for (const char* address : {"[0:0:0:0:0:0:0:1]:9", "[::1]:9", "[0000::0001]:9"}) {
    const FinishedCommand ended = StatusAt(address, Token("JWT", ""));
    EXPECT_EQ(ended.code, 6) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("[::1]:9")) << address;
  }
}

}  // namespace
}  // namespace labrec::test
