#include <string>

#include "hsm/base/file.h"
#include "tests/integration/server/test.h"
#include "tests/support/process/child_process.h"

namespace labrec::test {
namespace {

class ServerTls : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
  }
  // What openssl's own client says of a handshake.
  std::string Handshake(const std::string& arguments) {
    const std::filesystem::path out = folder_.path() / "out";
    std::filesystem::remove(out);
    auto child = ChildProcess::Start(
        {{"/bin/sh", "-c",
          absl::StrCat("openssl s_client -connect ", realm_->address(), " -CAfile '",
                       realm_->ca_certificate().string(), "' -alpn h2 ", arguments, " </dev/null")},
         {},
         out});
    EXPECT_TRUE(child.ok()) << child.status();
    EXPECT_TRUE((*child)->Wait(std::chrono::seconds(20)).ok());
    return ToString(*ReadFile(out));
  }

  TemporaryFolder folder_;
};
// TLS does not know the device: one kind is enough.
INSTANTIATE_TEST_SUITE_P(Devices, ServerTls, testing::Values(ServerParam{SimulatorKind::kSwtpm}), NameOf);

TEST_P(ServerTls, Tls13AndNothingBelow) {
  const std::string good = Handshake("-tls1_3");
  EXPECT_THAT(good, testing::HasSubstr("New, TLSv1.3"));
  EXPECT_THAT(good, testing::HasSubstr("Verify return code: 0 (ok)"));
  EXPECT_THAT(good, testing::HasSubstr("ALPN protocol: h2"));
  for (const char* version :
       {"-tls1_2", "-tls1_2 -cipher ALL:eNULL:@SECLEVEL=0", "-tls1_1 -cipher ALL:@SECLEVEL=0",
        "-tls1_2 -psk 00112233 -cipher PSK-AES256-GCM-SHA384"}) {
    SCOPED_TRACE(version);
    const std::string refused = Handshake(version);
    EXPECT_THAT(refused, testing::HasSubstr("New, (NONE), Cipher is (NONE)"));
    EXPECT_THAT(refused, testing::HasSubstr("no peer certificate available"));
  }
  EXPECT_TRUE(realm_->WaitForLog("no shared cipher").ok());
}

TEST_P(ServerTls, TheApiWorksOverIt) {
  ApiClient alice(*realm_, "alice");
  const grpc::Status ready = alice.SetUp();
  ASSERT_TRUE(ready.ok()) << ready.error_message();
  v1::EvaluateResponse evaluated;
  ASSERT_TRUE(alice.Evaluate(1, &evaluated).ok());
  EXPECT_EQ(evaluated.evaluated().remaining(), 9U);
}

TEST_P(ServerTls, AKeyThatFitsNotItsCertificateIsRefused) {
  ASSERT_TRUE(realm_->StopDaemon().ok());
  const std::filesystem::path key = realm_->ca_certificate().parent_path() / "tls.key";
  const SecretBytes other = EcdsaPrivateKey::Generate().ToPem();
  ASSERT_TRUE(WriteFile(key, other.view(), 0600, Overwrite::kReplace).ok());
  const absl::Status started = realm_->StartDaemon();
  EXPECT_THAT(std::string(started.message()), testing::HasSubstr("is not the key of"));
  ASSERT_TRUE(WriteFile(key, other.view(), 0640, Overwrite::kReplace).ok());
  EXPECT_FALSE(realm_->StartDaemon().ok());
}

}  // namespace
}  // namespace labrec::test
