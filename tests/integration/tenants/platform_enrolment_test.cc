#include <string>

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/server/test.h"

// first_device = "token": a platform enrols an account's first device by the token that it gives out.
namespace labrec::test {
namespace {

class PlatformEnrolment : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.first_device = "token";
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
  }
  // Lets `client` use a token that vouches for this key.
  void Vouch(ApiClient& client, const EcdsaPublicKey& key) const {
    const int64_t now_s = SystemClock().NowMillis() / 1000;
    client.authorization =
        "Bearer " + recovery::IssueToken(realm_->token_key(),
                                         {"chat", client.account, realm_->realm_id(), now_s, 600, key});
  }
};
LABREC_ON_EVERY_DEVICE_AND_WAY(PlatformEnrolment);

TEST_P(PlatformEnrolment, TheKeyThatTheTokenNamesAndNoOther) {
  ApiClient alice(*realm_, "alice");
  v1::EnrollDeviceResponse answer;
  EXPECT_REFUSED(alice.Call(&v1::Recovery::Stub::EnrollDevice, alice.EnrollRequest(), &answer),
                 FAILED_PRECONDITION, "vouches for the key");
  Vouch(alice, EcdsaPrivateKey::Generate().public_key());
  EXPECT_REFUSED(alice.Call(&v1::Recovery::Stub::EnrollDevice, alice.EnrollRequest(), &answer),
                 PERMISSION_DENIED, "another device key");
  Vouch(alice, alice.device.public_key());
  const grpc::Status enrolled = alice.SetUp();
  EXPECT_TRUE(enrolled.ok()) << enrolled.error_message();

  // The account has a device: the platform's word adds no other.
  ApiClient thief(*realm_, "alice");
  Vouch(thief, thief.device.public_key());
  EXPECT_REFUSED(thief.Call(&v1::Recovery::Stub::EnrollDevice, thief.EnrollRequest(), &answer),
                 PERMISSION_DENIED, "has, or had, a device");
}

TEST_P(PlatformEnrolment, TokensOfTheTool) {
  ApiClient bob(*realm_, "bob");
  const std::filesystem::path key = realm_->state() / "token.key";
  const std::filesystem::path device = realm_->state() / "bob.pem";
  ASSERT_TRUE(WriteFile(key, realm_->token_key().ToPem().view(), 0600, Overwrite::kReplace).ok());
  ASSERT_TRUE(WriteFile(device, AsBytes(bob.device.public_key().Pem()), 0644, Overwrite::kReplace).ok());
  const auto issued = realm_->Admin({"token", "issue", "--key", key, "--tenant", "chat", "--account", "bob",
                                     "--realm", realm_->realm_id(), "--device-key", device},
                                    false);
  ASSERT_TRUE(issued.ok()) << issued.status();
  bob.authorization = "Bearer " + Json::parse(*issued)["tokens"][realm_->realm_id()].get<std::string>();
  const grpc::Status enrolled = bob.Enroll();
  EXPECT_TRUE(enrolled.ok()) << enrolled.error_message();
  v1::GetRealmResponse realm;
  ASSERT_TRUE(bob.Call(&v1::Recovery::Stub::GetRealm, {}, &realm).ok());
  EXPECT_EQ(realm.first_device_policy(), "token");
}

}  // namespace
}  // namespace labrec::test
