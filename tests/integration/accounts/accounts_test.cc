#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "hsm/base/file.h"
#include "recovery/api/v1/admin.grpc.pb.h"
#include "tests/integration/server/test.h"

// The operator's view of accounts, and their end.
namespace labrec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Accounts : public ServerTest {
 protected:
  static constexpr char kOdd[] = "Zoë/../x \"1\"\\";

  void SetUp() override {
    StartRealm();
    ASSERT_NE(realm_, nullptr);
  }
  static std::vector<std::string> For(const std::string& account, std::vector<std::string> words) {
    words.insert(words.end(), {"--tenant", "chat", "--account", account});
    return words;
  }
  // Uses the record's guesses up.
  void Destroy(ApiClient& client) const {
    v1::EvaluateResponse answer;
    for (uint32_t guess = 0; guess <= client.guess_limit; ++guess) {
      ASSERT_TRUE(client.Evaluate(100 + guess, &answer).ok());
    }
    ASSERT_TRUE(answer.has_destroyed());
  }
  std::vector<std::string> Names(const Json& list, const char* member) const {
    std::vector<std::string> names;
    for (const Json& each : list) names.push_back(each[member]);
    return names;
  }
  void ExpectFailed(std::vector<std::string> words, const std::string& message) const {
    const auto answer = realm_->Admin(std::move(words));
    EXPECT_FALSE(answer.ok());
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(message));
  }
  std::string Audit() const { return ToString(*ReadFile(realm_->state() / "audit.log")); }
};
LABREC_ON_EVERY_DEVICE(Accounts);

TEST_P(Accounts, AllAreFoundTheDestroyedToo) {
  ApiClient alice(*realm_, "alice");
  ApiClient odd(*realm_, kOdd);
  ApiClient bare(*realm_, "bare");
  ASSERT_TRUE(alice.SetUp().ok());
  ASSERT_TRUE(odd.SetUp().ok());
  ASSERT_TRUE(bare.Enroll().ok());
  Destroy(odd);
  EXPECT_THAT(Names(Admin({"account", "list"})["accounts"], "account"),
              testing::UnorderedElementsAre("alice", kOdd, "bare"));
  EXPECT_TRUE(Admin({"account", "list", "--tenant", "other"})["accounts"].empty());
  EXPECT_THAT(Names(Admin({"record", "list"})["records"], "account"),
              testing::UnorderedElementsAre("alice", kOdd));
  EXPECT_THAT(Names(Admin({"record", "list", "--record-state", "destroyed"})["records"], "account"),
              testing::ElementsAre(kOdd));
  EXPECT_THAT(Names(Admin({"record", "list", "--record-state", "usable"})["records"], "account"),
              testing::ElementsAre("alice"));
  ExpectFailed({"record", "list", "--record-state", "gone"}, "--record-state");
  const Json shown = Admin(For(kOdd, {"account", "show"}));
  EXPECT_EQ(shown["account"], kOdd);
  EXPECT_EQ(shown["records"][0]["state"], "destroyed");
  EXPECT_EQ(shown["devices"].size(), 1U);
}

TEST_P(Accounts, ATypoFails) {
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.Enroll().ok());
  for (const char* word : {"show", "export"}) {
    ExpectFailed(For("alcie", {"account", word}), "nothing is known of it");
  }
  ExpectFailed(For("alcie", {"device", "list"}), "nothing is known of it");
  ExpectFailed(For("alcie", {"account", "erase", "--yes"}), "there is no such account");
  ExpectFailed(For("al\nice", {"account", "show"}), "control characters");
}

TEST_P(Accounts, ErasedIsErased) {
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.SetUp().ok());
  const uint64_t rows = Admin({"status"})["rows"].get<uint64_t>();
  ExpectFailed(For("alice", {"account", "erase"}), "nothing was erased");
  const Json erased = Admin(For("alice", {"account", "erase", "--yes"}));
  EXPECT_EQ(erased["devices"], 1);
  EXPECT_EQ(erased["records"], 1);
  EXPECT_GE(erased["remains"].size(), 4U) << "what remains is said";
  EXPECT_EQ(Admin({"status"})["rows"], rows - 2);
  EXPECT_TRUE(Admin({"account", "list"})["accounts"].empty());
  v1::EvaluateResponse answer;
  ASSERT_TRUE(alice.Evaluate(7, &answer).ok());
  EXPECT_TRUE(answer.has_not_registered());
  EXPECT_REFUSED(alice.Activate(), PERMISSION_DENIED, "not enrolled");
  // The name is free: it is a new account, whose first device comes by the realm's policy.
  ApiClient next(*realm_, "alice");
  EXPECT_TRUE(next.SetUp().ok());
  EXPECT_THAT(Audit(), HasSubstr("account_erase_done"));
  // After a restart too.
  Admin(For("alice", {"account", "erase", "--yes"}));
  ASSERT_EQ(realm_->StopDaemon().value_or(1), 0);
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_TRUE(Admin({"account", "list"})["accounts"].empty());
}

// What was acknowledged is on the disk: of an account without a record, of one whose refill waits to be
// written.
TEST_P(Accounts, ErasedStaysErasedWhenTheDaemonIsKilled) {
  ApiClient bare(*realm_, "bare");
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(bare.Enroll().ok());
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse evaluated;
  v1::UnlockResponse unlocked;
  ASSERT_TRUE(alice.Evaluate(1, &evaluated).ok());
  ASSERT_TRUE(alice.Unlock(evaluated.evaluated().challenge(), &unlocked).ok());
  ASSERT_TRUE(unlocked.has_unlocked());
  for (const char* account : {"bare", "alice"}) {
    Admin(For(account, {"account", "erase", "--yes"}));
    realm_->daemon().Kill();
    ASSERT_TRUE(realm_->StartDaemon().ok());
    ExpectFailed(For(account, {"account", "show"}), "nothing is known of it");
  }
  EXPECT_EQ(Admin({"status"})["rows"], 0);
}

TEST_P(Accounts, ExportHasWhatIsKeptAndReadsAreNoted) {
  ApiClient alice(*realm_, "alice");
  ApiClient bob(*realm_, "bob");
  ASSERT_TRUE(alice.SetUp().ok());
  ASSERT_TRUE(bob.SetUp().ok());
  auto words = For("alice", {"account", "export"});
  words.insert(words.end(), {"--state", realm_->state()});
  // The admin socket of the realm's folder is not the fixture's: a link would not be followed.
  const auto socketless = realm_->Admin(words, false);
  EXPECT_FALSE(socketless.ok());
  const Json exported = Admin(For("alice", {"account", "export"}));
  EXPECT_EQ(exported["devices"][0]["public_key"], Hex(alice.device.public_key().Spki()));
  EXPECT_FALSE(exported["records"][0]["versions"][0]["config"].get<std::string>().empty());
  EXPECT_TRUE(exported.contains("audit_log_not_read"));
  const auto by_config = realm_->Admin(
      For("alice", {"account", "export", "--config", realm_->state().parent_path() / "recoveryd.toml"}),
      false);
  ASSERT_TRUE(by_config.ok()) << by_config.status();
  const Json whole = Json::parse(*by_config);
  EXPECT_THAT(whole["audit_log"].dump(), HasSubstr("device_enrolled"));
  EXPECT_THAT(whole["audit_log"].dump(), Not(HasSubstr("bob")));
  Admin(For("bob", {"device", "list"}));
  ShowRecord("bob");
  Admin({"account", "list"});
  for (const char* event : {"account_read", "devices_read", "record_read", "accounts_read"}) {
    EXPECT_THAT(Audit(), HasSubstr(event));
  }
}

// Who begins with a later page has read as well.
TEST_P(Accounts, EachPageThatIsReadIsNoted) {
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.SetUp().ok());
  const auto admin = v1::Admin::NewStub(
      grpc::CreateChannel("unix:" + realm_->admin_socket().string(), grpc::InsecureChannelCredentials()));
  v1::ListAccountsRequest request;
  request.set_after(std::string(44, '\0'));
  v1::ListAccountsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(admin->ListAccounts(&context, request, &response).ok());
  EXPECT_THAT(Audit(), HasSubstr("accounts_read"));
  grpc::ClientContext other;
  request.set_after("7");
  EXPECT_EQ(admin->ListAccounts(&other, request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

// Whatever comes and goes between two pages, who is there all the while is shown once.
TEST_P(Accounts, PagesShowEachOnceWhileOthersComeAndGo) {
  const auto admin = v1::Admin::NewStub(
      grpc::CreateChannel("unix:" + realm_->admin_socket().string(), grpc::InsecureChannelCredentials()));
  std::set<std::string> there;
  for (int i = 0; i < 12; ++i) {
    const std::string name = absl::StrCat("stays-", i);
    ASSERT_TRUE(ApiClient(*realm_, name).SetUp().ok());
    there.insert(name);
    ASSERT_TRUE(ApiClient(*realm_, absl::StrCat("goes-", i)).SetUp().ok());
  }
  std::multiset<std::string> shown;
  int pages = 0;
  v1::ListAccountsRequest request;
  request.set_most_rows(3);
  do {
    v1::ListAccountsResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(admin->ListAccounts(&context, request, &response).ok());
    for (const auto& account : response.accounts()) shown.insert(account.account().account());
    request.set_after(response.next());
    if (++pages > 12) continue;
    Admin(For(absl::StrCat("goes-", pages - 1), {"account", "erase", "--yes"}));
    ASSERT_TRUE(ApiClient(*realm_, absl::StrCat("comes-", pages)).SetUp().ok());
  } while (!request.after().empty());
  EXPECT_GT(pages, 8);
  for (const std::string& name : there) EXPECT_EQ(shown.count(name), 1U) << name;
  for (const std::string& name : shown) EXPECT_EQ(shown.count(name), 1U) << name;
}

}  // namespace
}  // namespace labrec::test
