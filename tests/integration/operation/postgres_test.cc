#include "tests/support/storage/postgres.h"

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/integration/operation/named_metrics.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/other_process.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"

// A whole realm whose ledger is in PostgreSQL: programs as an operator runs them, a server that the test
// starts.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
namespace v1 = ::labyrinth::recovery::v1;
using Json = nlohmann::json;
using testing::HasSubstr;

class PostgresRealm : public testing::Test {
 protected:
  void StartServer() {
    auto server = PostgresServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    primary_ = *std::move(server);
  }
  void StartPair() {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    auto standby = PostgresServer::StandbyOf(*primary_, "n2");
    ASSERT_TRUE(standby.ok()) << standby.status();
    standby_ = *std::move(standby);
    for (PostgresServer* server : {primary_.get(), standby_.get()}) {
      ASSERT_TRUE(server->Configure("synchronous_standby_names = 'ANY 1 (n1, n2)'").ok());
    }
  }
  std::string Url() const {
    return standby_ ? PostgresServer::UrlOf({primary_.get(), standby_.get()}) : primary_->url();
  }
  void MakeRealm(bool in_file = false, const std::string& more = "") {
    RealmFixture::Options options;
    options.init_options = {"--bucket-exponent", "8"};  // verifying it asks for each directory by itself
    if (!in_file) options.init_options.insert(options.init_options.end(), {"--store", Url()});
    options.more_configuration = absl::StrCat("[store]\nurl = \"", Url(), "\"\n");
    if (standby_)
      absl::StrAppend(&options.more_configuration, "replicas = 1\nstandby_names = [\"n1\", \"n2\"]\n");
    options.more_configuration += more;
    auto made = RealmFixture::Make(SimulatorKind::kSoftHsm, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  void StartDaemon() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    stub_ = NewStub(*realm_);
  }
  void Register() {
    auto account = RawAccount::Register(*stub_, "chat", "alice", realm_->Token("alice"));
    ASSERT_TRUE(account.ok()) << account.status();
    account_ = *std::move(account);
  }
  // Guesses left after one more; nullopt without an answer.
  std::optional<uint32_t> Guess() {
    grpc::ClientContext context;
    context.AddMetadata("authorization", account_->bearer());
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(account_->NextElement());
    v1::EvaluateResponse response;
    const grpc::Status status = stub_->Evaluate(&context, request, &response);
    if (!status.ok()) return std::nullopt;
    return response.evaluated().remaining();
  }
  Json Offline(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", Configuration()});
    const auto answer = realm_->Admin(std::move(arguments), false);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  std::string Configuration() const { return realm_->log().parent_path() / "recoveryd.toml"; }
  // What an operator is told where it is refused.
  std::string Refused(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", Configuration()});
    return realm_->Admin(std::move(arguments), false).status().ToString();
  }
  // Registers, guesses, and brings back what the tables held before the last two of the guesses.
  void RollBack() {
    ASSERT_NO_FATAL_FAILURE(MakeRealm());
    ASSERT_NO_FATAL_FAILURE(StartDaemon());
    ASSERT_NO_FATAL_FAILURE(Register());
    EXPECT_EQ(Guess(), kRawLimit - 1);
    ASSERT_TRUE(primary_
                    ->Sql("CREATE TABLE kept_head AS TABLE realm.labrec_head; CREATE TABLE kept_bucket AS "
                          "TABLE realm.labrec_bucket; CREATE TABLE kept_row AS TABLE realm.labrec_row")
                    .ok());
    EXPECT_EQ(Guess(), kRawLimit - 2);
    EXPECT_EQ(Guess(), kRawLimit - 3);
    ASSERT_NO_FATAL_FAILURE(BringBack());
  }
  void BringBack() {
    ASSERT_NO_FATAL_FAILURE(Stop());
    ASSERT_TRUE(primary_
                    ->Sql("TRUNCATE realm.labrec_head, realm.labrec_bucket, realm.labrec_row; INSERT INTO "
                          "realm.labrec_head TABLE kept_head; INSERT INTO realm.labrec_bucket TABLE "
                          "kept_bucket; INSERT INTO realm.labrec_row TABLE kept_row")
                    .ok());
    EXPECT_THAT(realm_->StartDaemon().ToString(), HasSubstr("rolled back by"));
  }
  // The tables of the realm's schema, in order.
  std::string Tables() const {
    return *primary_->Sql(
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace = 'realm'::regnamespace");
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << realm_->Log();
  }

  std::unique_ptr<PostgresServer> primary_;
  std::unique_ptr<PostgresServer> standby_;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<v1::Recovery::Stub> stub_;
  std::unique_ptr<RawAccount> account_;
};

TEST_F(PostgresRealm, TellsPrometheusWhatTheDashboardNames) {
  ASSERT_NO_FATAL_FAILURE(StartPair());
  const auto port = FreePort();
  ASSERT_TRUE(port.ok()) << port.status();
  ASSERT_NO_FATAL_FAILURE(MakeRealm(false, absl::StrCat("[metrics]\naddress = \"127.0.0.1:", *port, "\"\n")));
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  const std::string page = HttpGet(*port, "/metrics");
  const size_t seen =
      ExpectNamed(page, [](const std::string& name) { return name.starts_with("labyrinth_storage_"); });
  EXPECT_GE(seen, 10U);
}

TEST_F(PostgresRealm, CountsOverCrashesOfItsDaemonAndItsServer) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  EXPECT_FALSE(fs::exists(realm_->state() / "ledger.sqlite"));
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  EXPECT_EQ(Guess(), kRawLimit - 1);
  realm_->daemon().Kill();
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), kRawLimit - 2);
  // The server goes while nothing is under way: the next guess is refused or served by the one that is back.
  primary_->Kill();
  EXPECT_EQ(Guess(), std::nullopt) << "without storage nothing is answered";
  ASSERT_TRUE(primary_->Launch().ok());
  std::optional<uint32_t> left;
  while (!left && realm_->daemon().Running()) left = Guess();
  EXPECT_TRUE(left && *left >= kRawLimit - 5) << realm_->Log();
  const auto backup = realm_->Admin({"backup", "create", "--output", "/tmp/none.sqlite"});
  EXPECT_THAT(backup.status().ToString(), HasSubstr("back it up there"));
  ASSERT_NO_FATAL_FAILURE(Stop());
  EXPECT_TRUE(Offline({"anchor", "verify"})["problems"].empty());
  EXPECT_EQ(Offline({"store", "check"})["store"], "PostgreSQL");
}

// What PostgreSQL keeps of old rows dies with the period key: with a copy of its tables and the device nobody
// reads, nor accepts, what was there before a rotation.
TEST_F(PostgresRealm, AnOldCopyIsWorthlessOnceItsPeriodKeyIsDestroyed) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  EXPECT_EQ(Guess(), kRawLimit - 1);
  EXPECT_EQ(Json::parse(*realm_->Admin({"status"}))["sealing"]["period"], 1);
  for (const char* table : {"head", "bucket", "row"}) {
    ASSERT_TRUE(
        primary_->Sql(absl::StrCat("CREATE TABLE old_", table, " AS TABLE realm.labrec_", table)).ok());
  }
  EXPECT_EQ(*primary_->Sql("SELECT count(*) FROM old_row WHERE position('alice'::bytea in content) > 0"),
            "0");
  EXPECT_EQ(Guess(), kRawLimit - 2);
  EXPECT_THAT(realm_->Admin({"store", "rotate"}).status().ToString(), HasSubstr("nothing was done"));
  const auto rotated = realm_->Admin({"store", "rotate", "--yes"});
  ASSERT_TRUE(rotated.ok()) << rotated.status() << realm_->Log();
  EXPECT_EQ(Json::parse(*rotated), (Json{{"period", 2}, {"earlier_destroyed", true}}));
  EXPECT_EQ(Guess(), kRawLimit - 3);
  realm_->daemon().Kill();
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), kRawLimit - 4);
  ASSERT_NO_FATAL_FAILURE(Stop());
  EXPECT_TRUE(Offline({"anchor", "verify"})["problems"].empty());
  for (const char* table : {"head", "bucket", "row"}) {
    ASSERT_TRUE(primary_
                    ->Sql(absl::StrCat("DELETE FROM realm.labrec_", table, "; INSERT INTO realm.labrec_",
                                       table, " SELECT * FROM old_", table))
                    .ok());
  }
  EXPECT_THAT(realm_->StartDaemon().ToString(), HasSubstr("rolled back"));
  const auto accepted = realm_->Admin(
      {"anchor", "accept", "--yes", "--take-unvouched-rows", "--config", Configuration()}, false);
  EXPECT_THAT(accepted.status().ToString(), HasSubstr("period key 1"));
}

TEST_F(PostgresRealm, ADamagedDirectoryStopsRotationsUntilTheOperatorGivesItUp) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  ASSERT_TRUE(primary_
                  ->Sql("UPDATE realm.labrec_bucket SET directory = set_byte(directory, 40, "
                        "get_byte(directory, 40) # 1) "
                        "WHERE length(directory) > 0")
                  .ok());
  EXPECT_THAT(realm_->Admin({"store", "rotate", "--yes"}).status().ToString(),
              HasSubstr("is not what the ledger knows"));
  const Json sealing = Json::parse(*realm_->Admin({"status"}))["sealing"];
  EXPECT_EQ(sealing["period"], 1) << "no key is made, and none destroyed: " << sealing;
  EXPECT_THAT(realm_->Admin({"store", "rotate", "--yes"}).status().ToString(), HasSubstr("anchor verify"));
  ASSERT_NO_FATAL_FAILURE(Stop());
  EXPECT_EQ(Offline({"anchor", "accept", "--yes"})["rows_discarded"], 2) << "account and record";
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  const auto rotated = realm_->Admin({"store", "rotate", "--yes"});
  ASSERT_TRUE(rotated.ok()) << rotated.status() << realm_->Log();
  EXPECT_TRUE(Json::parse(*rotated)["earlier_destroyed"].get<bool>());
}

TEST_F(PostgresRealm, AnswersNothingWithoutItsReplicaAndSaysSo) {
  ASSERT_NO_FATAL_FAILURE(StartPair());
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  const pid_t receiver = std::stoi(*standby_->Sql("SELECT pid FROM pg_stat_wal_receiver"));
  Freeze(receiver);
  auto guess = std::async(std::launch::async, [this] { return Guess(); });
  std::string reason;
  while (reason.empty()) reason = Json::parse(*realm_->Admin({"status"})).value("not_serving_reason", "");
  EXPECT_THAT(reason, HasSubstr("storage waits for a replica"));
  EXPECT_NE(guess.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  Thaw(receiver);
  EXPECT_EQ(guess.get(), kRawLimit - 1);
  // And a daemon that is told to end while it waits does.
  Freeze(receiver);
  guess = std::async(std::launch::async, [this] { return Guess(); });
  ASSERT_TRUE(
      primary_->Await("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "t").ok());
  EXPECT_TRUE(realm_->StopDaemon().ok()) << "it ends";
  EXPECT_EQ(guess.get(), std::nullopt);
  Thaw(receiver);
}

TEST_F(PostgresRealm, GoesOnWithThePromotedStandbyAndLosesNoCount) {
  ASSERT_NO_FATAL_FAILURE(StartPair());
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  EXPECT_EQ(Guess(), kRawLimit - 1);
  primary_->Kill();
  ASSERT_TRUE(standby_->Promote().ok());
  realm_->daemon().Kill();
  auto rebuilt = PostgresServer::StandbyOf(*standby_, "n1");
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), kRawLimit - 2);
}

TEST_F(PostgresRealm, MovesThereAndBackWithoutAnEpoch) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(MakeRealm(true));
  const absl::Status both = realm_->StartDaemon();
  EXPECT_THAT(both.ToString(), HasSubstr("is there too")) << "a file, and a URL";
  ASSERT_NO_FATAL_FAILURE(Offline({"store", "migrate", "--to", "postgresql"}));
  EXPECT_TRUE(fs::exists(realm_->state() / "ledger.migrated.sqlite"));
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  ASSERT_NO_FATAL_FAILURE(Register());
  EXPECT_EQ(Guess(), kRawLimit - 1);
  ASSERT_NO_FATAL_FAILURE(Stop());
  const uint64_t epoch = Offline({"store", "check"})["epoch"];
  const Json moved = Offline({"store", "migrate", "--to", "file"});
  EXPECT_EQ(moved["epoch"], epoch);
  EXPECT_EQ(moved["records"], 2);
  EXPECT_TRUE(fs::exists(realm_->state() / "ledger.sqlite"));
  // Back once more, over the tables that were left: they are what the file is.
  const Json again = Offline({"store", "migrate", "--to", "postgresql"});
  EXPECT_EQ(again["epoch"], epoch);
  EXPECT_EQ(again["resumed"], true);
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), kRawLimit - 2);
}

// A token vouches for no past epoch: so rows have to be taken as they are.
const std::vector<std::string> kAccept = {"anchor",           "accept", "--yes", "--take-unvouched-rows",
                                          "--reanchor-floor", "2"};
constexpr char kOwnTables[] = "labrec_bucket labrec_head labrec_row";

TEST_F(PostgresRealm, AnAcceptedLedgerTakesTheOldOnesPlace) {
  ASSERT_NO_FATAL_FAILURE(StartPair());
  ASSERT_NO_FATAL_FAILURE(RollBack());
  EXPECT_THAT(Refused({"anchor", "accept", "--yes"}), HasSubstr("vouches for none"));
  EXPECT_EQ(Tables(), kOwnTables) << "a refusal leaves nothing";
  // Of an accept that was killed while it rebuilt.
  ASSERT_TRUE(primary_
                  ->Sql("SET ROLE labrec; CREATE TABLE realm.labrec_rebuilt_head (LIKE realm.labrec_head "
                        "INCLUDING ALL); CREATE TABLE realm.labrec_rebuilt_bucket (LIKE realm.labrec_bucket "
                        "INCLUDING ALL); CREATE TABLE realm.labrec_rebuilt_row (LIKE realm.labrec_row "
                        "INCLUDING ALL); INSERT INTO realm.labrec_rebuilt_head SELECT id, format, 0, root, "
                        "realm_id, bucket_exponent, 7, 0, ''::bytea FROM realm.labrec_head; INSERT INTO "
                        "realm.labrec_rebuilt_row TABLE realm.labrec_row")
                  .ok());
  const Json accepted = Offline(kAccept);
  EXPECT_EQ(accepted["discontinuities"], 1);
  EXPECT_EQ(accepted["rows"], 2);
  EXPECT_EQ(accepted["resumed"], false);
  EXPECT_EQ(Tables(), kOwnTables);
  EXPECT_FALSE(fs::exists(realm_->state() / "ledger.sqlite"));
  EXPECT_EQ(Offline({"store", "check"})["epoch"], accepted["epoch"]);
  EXPECT_THAT(Refused(kAccept), HasSubstr("nothing to accept"));
  // And on its replica, which is the next primary.
  ASSERT_TRUE(standby_->Await("SELECT discontinuities FROM realm.labrec_head", "1").ok());
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), 1U) << "two were left, not " << kRawLimit - 1;
  ASSERT_NO_FATAL_FAILURE(BringBack());
  EXPECT_EQ(Offline(kAccept)["discontinuities"], 2) << "once more, over what the first one left";
}

TEST_F(PostgresRealm, AnAcceptThatIsCutOffGoesOnWhereItWas) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(RollBack());
  // Somebody reads the old rows: they cannot be dropped when the rebuilt ledger is anchored already.
  std::future<void> reader = std::async(std::launch::async, [this] {
    primary_->Sql("BEGIN; LOCK TABLE realm.labrec_row IN ACCESS SHARE MODE; SELECT pg_sleep(600)")
        .IgnoreError();
  });
  constexpr char kReads[] = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  ASSERT_TRUE(primary_->Await(kReads, "1").ok());
  EXPECT_THAT(Refused(kAccept), HasSubstr("lock timeout"));
  EXPECT_THAT(Tables(), HasSubstr("labrec_rebuilt_head"));
  EXPECT_THAT(realm_->StartDaemon().ToString(), HasSubstr("rolled back")) << "the old ledger is as it was";
  ASSERT_TRUE(primary_
                  ->Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = "
                        "'PgSleep'")
                  .ok());
  reader.get();
  const Json accepted = Offline(kAccept);
  EXPECT_EQ(accepted["resumed"], true);
  EXPECT_EQ(accepted["discontinuities"], 1);
  EXPECT_EQ(Tables(), kOwnTables);
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
  EXPECT_EQ(Guess(), 1U);
}

TEST_F(PostgresRealm, AnInitThatIsRefusedLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_TRUE(primary_->Configure("fsync = off").ok());
  RealmFixture::Options options;
  options.init_options = {"--store", Url()};
  const auto refused = RealmFixture::Make(SimulatorKind::kSoftHsm, options);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("fsync is off"));
  ASSERT_TRUE(primary_->Configure("fsync = on").ok());
  // The device lacks the room for keys bound to PCRs: found when the tables are there.
  options.init_options.insert(options.init_options.end(), {"--bucket-exponent", "24"});
  EXPECT_FALSE(RealmFixture::Make(SimulatorKind::kSoftHsm, options).ok()) << "more buckets than a ledger has";
  EXPECT_EQ(*primary_->Sql("SELECT to_regclass('realm.labrec_head') IS NULL"), "t") << "tables are left";
  ASSERT_NO_FATAL_FAILURE(MakeRealm());
  options.init_options = {"--store", Url()};
  const auto second = RealmFixture::Make(SimulatorKind::kSoftHsm, options);
  EXPECT_THAT(second.status().ToString(), HasSubstr("holds a realm's ledger already"));
  ASSERT_NO_FATAL_FAILURE(StartDaemon());
}

}  // namespace
}  // namespace labrec::test
