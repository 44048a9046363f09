#include <fstream>
#include <string>
#include <vector>

#include <signal.h>

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "tests/integration/server/test.h"
#include "tests/integration/tenants/key_server.h"

// Tenants that come, change and go while the daemon runs.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class TenantsTest : public ServerTest {
 protected:
  static constexpr char kName[] = "Bäcker/\"acme\" \\ co";
  void SetUp() override {
    RealmFixture::Options options;
    options.first_device = "admin";
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
    WriteKeys(acme_);
  }
  void WriteKeys(const EcdsaPrivateKey& key) const {
    ASSERT_TRUE(
        WriteFile(jwks(), AsBytes(recovery::TokenKeySet(key.public_key())), 0644, Overwrite::kReplace).ok());
  }
  fs::path folder() const { return realm_->state().parent_path(); }
  fs::path jwks() const { return folder() / "acme.jwks"; }
  fs::path config() const { return folder() / "recoveryd.toml"; }
  absl::StatusOr<std::string> Tenant(std::vector<std::string> words, const std::string& name = kName) const {
    words.insert(words.begin(), "tenant");
    words.insert(words.end(), {"--config", config(), "--tenant", name});
    return realm_->Admin(words, false);
  }
  void ExpectDone(const absl::StatusOr<std::string>& answer) const {
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(Json::parse(*answer)["taken"].get<bool>());
  }
  void ExpectFailed(const absl::StatusOr<std::string>& answer, const std::string& words) const {
    EXPECT_FALSE(answer.ok());
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(words));
  }
  ApiClient ClientOf(const EcdsaPrivateKey& key, const std::string& account = "ann") const {
    ApiClient client(*realm_, account);
    client.tenant = kName;
    const int64_t now_s = SystemClock().NowMillis() / 1000;
    client.authorization = "Bearer " + recovery::IssueToken(key, {kName, account, realm_->realm_id(), now_s,
                                                                  600, client.device.public_key()});
    return client;
  }
  grpc::Status Ask(const EcdsaPrivateKey& key) const {
    v1::GetRecordResponse record;
    return ClientOf(key).GetRecord(&record);
  }
  std::string Audit() const { return ToString(*ReadFile(realm_->state() / "audit.log")); }

  const EcdsaPrivateKey acme_ = EcdsaPrivateKey::Generate();
};
LABREC_ON_EVERY_DEVICE(TenantsTest);

TEST_P(TenantsTest, FromAddToRemove) {
  EXPECT_REFUSED(Ask(acme_), UNAUTHENTICATED, "no tenant of this realm");
  ExpectDone(Tenant({"add", "--jwks", jwks()}));
  EXPECT_TRUE(Ask(acme_).ok());
  const Json all = Admin({"tenant", "list"})["tenants"];
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["tenant"], kName);
  EXPECT_EQ(all[0]["kept_in"], "tenants file");
  EXPECT_EQ(all[1]["kept_in"], "configuration");

  ExpectDone(Tenant({"disable"}));
  EXPECT_REFUSED(Ask(acme_), PERMISSION_DENIED, "disabled this platform");
  ASSERT_EQ(realm_->StopDaemon().value_or(1), 0);
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_REFUSED(Ask(acme_), PERMISSION_DENIED, "disabled this platform");
  ExpectDone(Tenant({"enable"}));
  EXPECT_TRUE(Ask(acme_).ok());

  ExpectFailed(Tenant({"remove"}), "nothing was removed");
  ExpectDone(Tenant({"remove", "--yes"}));
  EXPECT_REFUSED(Ask(acme_), UNAUTHENTICATED, "no tenant of this realm");
  for (const char* event : {"tenant_added", "tenant_changed", "tenant_removed", "operator uid 0 pid"}) {
    EXPECT_THAT(Audit(), HasSubstr(event));
  }
}

// What the tenant is granted holds from the next call on.
TEST_P(TenantsTest, Terms) {
  ExpectDone(Tenant({"add", "--jwks", jwks(), "--greatest-guess-limit", "9"}));
  ApiClient ann = ClientOf(acme_);
  v1::EnrollDeviceResponse enrolled;
  EXPECT_REFUSED(ann.Call(&v1::Recovery::Stub::EnrollDevice, ann.EnrollRequest(), &enrolled),
                 FAILED_PRECONDITION, "operator only");
  ExpectDone(Tenant({"set", "--first-device", "token"}));
  ASSERT_TRUE(ann.Enroll().ok());
  ApiClient other(*realm_, "other");
  EXPECT_REFUSED(other.Enroll(), FAILED_PRECONDITION, "operator only");

  v1::BeginRegistrationResponse begun;
  ASSERT_TRUE(ann.Begin(&begun).ok());
  v1::FinishRegistrationRequest finish = ann.FinishRequest(begun.registration_id());
  ann.SignRegistration(finish);
  v1::FinishRegistrationResponse finished;
  EXPECT_REFUSED(ann.Call(&v1::Recovery::Stub::FinishRegistration, finish, &finished), INVALID_ARGUMENT,
                 "at most 9");
  ann.guess_limit = 9;
  EXPECT_TRUE(ann.SetUp().ok());

  ExpectDone(Tenant({"set", "--calls-per-second", "1"}));
  v1::GetRecordResponse record;
  grpc::Status last;
  for (int call = 0; call < 5 && last.ok(); ++call) last = ann.GetRecord(&record);
  EXPECT_REFUSED(last, RESOURCE_EXHAUSTED, "this tenant calls faster");
  EXPECT_TRUE(other.GetRecord(&record).ok()) << "another tenant";
  ExpectDone(Tenant({"set", "--calls-per-second", "default", "--first-device", "default"}));
  const Json shown = Admin({"tenant", "show", "--tenant", kName});
  EXPECT_FALSE(shown.contains("calls_per_second"));
  EXPECT_FALSE(shown.contains("first_device"));
  EXPECT_EQ(shown["greatest_guess_limit"], 9);
}

TEST_P(TenantsTest, ASlipChangesNothing) {
  const fs::path file = folder() / "tenants.toml";
  ExpectFailed(Tenant({"add", "--jwks", "/no/such/file"}), "/no/such/file");
  ExpectFailed(Tenant({"add", "--jwks", config()}), "not valid JSON");
  ExpectFailed(Tenant({"add", "--jwks", jwks()}, "line\nbreak"), "control characters");
  ExpectFailed(Tenant({"add", "--jwks", jwks()}, "chat"), "already");
  ExpectFailed(Tenant({"set", "--first-device", "token"}, "chat"), "change it there");
  ExpectFailed(Tenant({"disable"}, "nobody"), "there is no tenant");
  ExpectFailed(Tenant({"add", "--jwks", jwks(), "--jwks-ca", jwks()}), "--jwks-url only");
  ExpectFailed(Tenant({"add", "--jwks", jwks(), "--greatest-guess-limit", "21"}), "1 to 20");
  EXPECT_FALSE(fs::exists(file));
  // Another configuration than the daemon's: it would never take the file.
  const fs::path twin = folder() / "twin.toml";
  fs::copy_file(config(), twin);
  std::ofstream(twin, std::ios::app) << "[log]\nlevel = \"debug\"\n";
  const std::string text = ToString(*ReadFile(twin));
  const std::string moved =
      absl::StrCat(text.substr(0, text.find("[tenants.chat]")), "tenants = \"other.toml\"\n",
                   text.substr(text.find("[tenants.chat]")));
  ASSERT_TRUE(WriteFile(twin, AsBytes(moved), 0600, Overwrite::kReplace).ok());
  ExpectFailed(realm_->Admin({"tenant", "add", "--config", twin, "--tenant", kName, "--jwks", jwks()}, false),
               "works by another configuration");
  EXPECT_FALSE(fs::exists(folder() / "other.toml"));
  EXPECT_THAT(Audit(), Not(HasSubstr("tenant_")));
}

TEST_P(TenantsTest, WithoutADaemonTheNextStartTakesIt) {
  ASSERT_EQ(realm_->StopDaemon().value_or(1), 0);
  const auto added = Tenant({"add", "--jwks", jwks()});
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_FALSE(Json::parse(*added)["taken"].get<bool>());
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_TRUE(Ask(acme_).ok());
}

// What is written by hand a reload takes, if it is good.
TEST_P(TenantsTest, ByHandAndSighup) {
  const std::string before = ToString(*ReadFile(config()));
  const auto append = [&](const std::string& text) {
    ASSERT_TRUE(WriteFile(config(), AsBytes(before + text), 0600, Overwrite::kReplace).ok());
    ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  };
  append("[tenants.acme]\njwks = \"no-such-file\"\n");
  ASSERT_TRUE(realm_->WaitForLog("SIGHUP: tenants stay as they are").ok());
  EXPECT_EQ(Admin({"tenant", "list"})["tenants"].size(), 1U);
  append("[tenants.acme]\njwks = \"acme.jwks\"\n");
  ASSERT_TRUE(realm_->WaitForLog("are read again", 2).ok());
  EXPECT_EQ(Admin({"tenant", "list"})["tenants"].size(), 2U);
  EXPECT_THAT(Audit(), HasSubstr("\"tenant_added\",\"actor\":\"daemon\""));
  append("");
  ASSERT_TRUE(realm_->WaitForLog("are read again", 3).ok());
  EXPECT_EQ(Admin({"tenant", "list"})["tenants"].size(), 1U);
  EXPECT_THAT(realm_->Log(), Not(HasSubstr("is taken at the next start only")));
}

TEST_P(TenantsTest, KeysFromAnAddress) {
  KeyServer server(acme_.public_key());
  ExpectDone(Tenant({"add", "--jwks-url", server.url(), "--jwks-ca", server.ca()}));
  ASSERT_TRUE(realm_->WaitForLog("fetched 1 keys from https://localhost").ok());
  EXPECT_TRUE(Ask(acme_).ok());
  const EcdsaPrivateKey next = EcdsaPrivateKey::Generate();
  EXPECT_REFUSED(Ask(next), UNAUTHENTICATED, "no key of its tenant");
  server.Publish(next.public_key());
  ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  ASSERT_TRUE(realm_->WaitForLog("fetched 1 keys from https://localhost", 2).ok());
  EXPECT_TRUE(Ask(next).ok());
  EXPECT_REFUSED(Ask(acme_), UNAUTHENTICATED, "no key of its tenant");  // it was verified before

  server.Stop();
  ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  ASSERT_TRUE(realm_->WaitForLog("those fetched before stay in use for a day from then").ok());
  EXPECT_TRUE(Ask(next).ok());
  EXPECT_THAT(Admin({"tenant", "show", "--tenant", kName})["keys_problem"].get<std::string>(),
              HasSubstr("https://localhost"));
  ASSERT_EQ(realm_->StopDaemon().value_or(1), 0);
  ASSERT_TRUE(realm_->StartDaemon().ok()) << "an address that is away stops no start";
  EXPECT_REFUSED(Ask(next), UNAVAILABLE, "cannot fetch the keys");
  server.Start();
  ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  ASSERT_TRUE(realm_->WaitForLog("fetched 1 keys from https://localhost", 3).ok());
  EXPECT_TRUE(Ask(next).ok());
}

}  // namespace
}  // namespace labrec::test
