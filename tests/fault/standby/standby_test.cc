// A second host by an operator's hand: what it says, what it refuses, and what becomes of the first one.
#include "recovery/standby/standby.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/device.h"
#include "recovery/ledger/ledger.h"
#include "recovery/store/postgres/postgres_store.h"
#include "tests/fault/standby/two_hosts.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/process/other_process.h"
#include "tests/support/realm/raw_account.h"

namespace labrec::test {
namespace {

using Role = TwoHosts::Role;
using Json = nlohmann::json;
using testing::HasSubstr;
namespace v1 = ::labyrinth::recovery::v1;

constexpr std::chrono::seconds kPatience{30};

class StandbyTest : public testing::Test {
 protected:
  void Start(const TwoHosts::Options& options) {
    auto made = TwoHosts::Make(options);
    ASSERT_TRUE(made.ok()) << made.status();
    hosts_ = *std::move(made);
    ASSERT_TRUE(hosts_->Start(0, Role::kServer).ok());
    ASSERT_TRUE(hosts_->AwaitServing(kPatience, 0)) << hosts_->Log(0);
    auto account = RawAccount::Register(*hosts_->NewStub(0), "chat", "alice", hosts_->Token("alice"));
    ASSERT_TRUE(account.ok()) << account.status();
    account_ = *std::move(account);
    ASSERT_TRUE(hosts_->Start(1, Role::kStandby).ok());
    ASSERT_TRUE(hosts_->AwaitReady(1)) << hosts_->Log(1);
  }
  // Guesses left after one more; nullopt without an answer.
  std::optional<uint32_t> Guess(int host) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", account_->bearer());
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(account_->NextElement());
    v1::EvaluateResponse response;
    if (!hosts_->NewStub(host)->Evaluate(&context, request, &response).ok()) return std::nullopt;
    return response.evaluated().remaining();
  }
  Json Status(int host) const {
    return Json::parse(hosts_->Admin(host, {"standby", "status", "--json"}).out, nullptr, false);
  }
  FinishedCommand TakeOver(int host, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"standby", "takeover"};
    words.insert(words.end(), more.begin(), more.end());
    return hosts_->Admin(host, words);
  }

  std::unique_ptr<TwoHosts> hosts_;
  std::unique_ptr<RawAccount> account_;
};

const TwoHosts::Options kByHand{.automatic = false, .after_seconds = 1, .more_configuration = ""};

TEST_F(StandbyTest, FollowsAndSaysSoAndTurnsClientsAway) {
  ASSERT_NO_FATAL_FAILURE(Start(kByHand));
  ASSERT_EQ(Guess(0), kRawLimit - 1);
  const Json status = Status(1);
  EXPECT_FALSE(status["serves"].get<bool>());
  EXPECT_THAT(status["served_by"].get<std::string>(), HasSubstr("labyrinth"));
  EXPECT_EQ(Status(0)["serves"], true);
  EXPECT_FALSE(hosts_->Serves(1)) << "clients go to the host that serves";
  const FinishedCommand whole = hosts_->Admin(1, {"status"});
  EXPECT_THAT(whole.out, HasSubstr("this host is a standby, and could take over"));
  const FinishedCommand other =
      hosts_->Admin(1, {"device", "list", "--tenant", "chat", "--account", "alice"});
  EXPECT_NE(other.code, 0);
  EXPECT_THAT(other.err, HasSubstr("it is a standby"));
  EXPECT_EQ(Guess(0), kRawLimit - 2) << "the host that serves did not notice";
}

TEST_F(StandbyTest, TakesOverFromAHostThatIsGone) {
  ASSERT_NO_FATAL_FAILURE(Start(kByHand));
  ASSERT_EQ(Guess(0), kRawLimit - 1);
  const FinishedCommand added =
      RunCommand({absl::StrCat(LABREC_BIN_DIR, "/labyrinth-admin"), "tenant", "add", "--tenant", "mail",
                  "--jwks", hosts_->jwks(), "--config", hosts_->configuration(1)});
  EXPECT_EQ(added.code, 0) << added.err;
  EXPECT_THAT(added.err, HasSubstr("when it takes the realm over"));
  hosts_->daemon(0).Kill();
  const FinishedCommand taken = TakeOver(1);
  EXPECT_EQ(taken.code, 0) << taken.err << hosts_->Log(1);
  EXPECT_EQ(Guess(1), kRawLimit - 2) << "what was counted is counted";
  EXPECT_THAT(hosts_->Admin(1, {"tenant", "list"}).out, HasSubstr("mail"))
      << "tenants are those of the takeover";
  ASSERT_TRUE(hosts_->Start(0, Role::kStandby).ok());
  ASSERT_TRUE(hosts_->AwaitReady(0)) << hosts_->Log(0);
  const FinishedCommand again = TakeOver(1);
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("this host serves the realm already"));
  EXPECT_TRUE(RunCommand({"grep", "-q", "standby_takeover", hosts_->state(1) / "audit.log"}).code == 0);
}

TEST_F(StandbyTest, AHostThatLivesIsLeftAloneUnlessItsSessionIsEnded) {
  ASSERT_NO_FATAL_FAILURE(Start(kByHand));
  const FinishedCommand refused = TakeOver(1);
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("the ledger is open in"));
  EXPECT_THAT(refused.err, HasSubstr("--end-session"));
  EXPECT_EQ(Guess(0), kRawLimit - 1) << "and it goes on";
  hosts_->Hang(0);
  const FinishedCommand taken = TakeOver(1, {"--end-session"});
  EXPECT_EQ(taken.code, 0) << taken.err << hosts_->Log(1);
  EXPECT_EQ(Guess(1), kRawLimit - 2);
  Thaw(hosts_->daemon(0).pid());
  EXPECT_EQ(Guess(0), std::nullopt) << "what it does now is refused by the device";
  const auto ended = hosts_->daemon(0).Wait(kPatience);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(*ended, 3) << "a host that was not started as a standby waits for its operator";
  EXPECT_EQ(Guess(1), kRawLimit - 3);
}

TEST_F(StandbyTest, AHostThatHangsIsTakenOverByItselfAndComesBackAsStandby) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  hosts_->daemon(0).Kill();
  ASSERT_TRUE(hosts_->AwaitServing(kPatience, 1)) << hosts_->Log(1);
  ASSERT_TRUE(hosts_->Start(0, Role::kStandby).ok());
  ASSERT_TRUE(hosts_->AwaitReady(0)) << hosts_->Log(0);
  hosts_->Hang(1);
  ASSERT_TRUE(hosts_->AwaitServing(kPatience, 0)) << hosts_->Log(0);
  Thaw(hosts_->daemon(1).pid());
  EXPECT_EQ(Guess(0), kRawLimit - 1);
  EXPECT_EQ(Guess(1), std::nullopt);
  const auto ended = hosts_->daemon(1).Wait(kPatience);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(*ended, 4) << "which systemd starts again, as a standby";
}

TEST_F(StandbyTest, ALedgerThatWasRolledBackIsNotTakenOverAndEndsNobody) {
  ASSERT_NO_FATAL_FAILURE(Start(kByHand));
  ASSERT_TRUE(hosts_->primary().Sql("CREATE TABLE kept AS TABLE realm.labrec_head").ok());
  ASSERT_EQ(Guess(0), kRawLimit - 1);
  ASSERT_EQ(Guess(0), kRawLimit - 2);
  ASSERT_TRUE(hosts_->primary().Sql("CREATE TABLE latest AS TABLE realm.labrec_head").ok());
  ASSERT_TRUE(
      hosts_->primary()
          .Sql("BEGIN; DELETE FROM realm.labrec_head; INSERT INTO realm.labrec_head TABLE kept; COMMIT")
          .ok());
  const FinishedCommand refused = TakeOver(1, {"--end-session"});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("rolled back by 2 epochs"));
  Json status = Status(1);
  for (int ask = 0; ask < 200 && status["ready"].get<bool>(); ++ask) status = Status(1);
  EXPECT_THAT(status["refusal"].get<std::string>(), HasSubstr("rolled back by 2 epochs"));
  ASSERT_TRUE(hosts_->primary()
                  .Sql("BEGIN; DELETE FROM realm.labrec_head; INSERT INTO realm.labrec_head TABLE latest; "
                       "COMMIT")
                  .ok());
  EXPECT_EQ(Guess(0), kRawLimit - 3) << "its claim is what it was";
}

TEST(StandbyStart, TakesOverByItselfOnARatchetOnly) {
  for (const SimulatorKind kind : {SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm}) {
    auto simulator = SimulatedDevice::Start(kind);
    ASSERT_TRUE(simulator.ok()) << simulator.status();
    ASSERT_TRUE((*simulator)->Provision(Bytes(16, 7)).ok());
    auto device = (*simulator)->Open();
    ASSERT_TRUE(device.ok()) << device.status();
    const absl::Status may = recovery::CheckMayTakeOverByItself(*(*device)->freshness_anchor());
    EXPECT_EQ(may.ok(), kind == SimulatorKind::kSoftHsm) << may;
  }
}

// A standby in this process, of a ledger in PostgreSQL that nobody serves.
class StandbyOfItsOwn : public testing::Test {
 protected:
  void SetUp() override {
    simulator_ = Value(SimulatedDevice::Start(SimulatorKind::kSoftHsm));
    server_ = Value(PostgresServer::Start());
    ASSERT_TRUE(simulator_->Provision(id_).ok());
    device_ = Value(simulator_->Open());
    const auto store = Store(recovery::PostgresOptions::Open::kCreateIfMissing);
    ASSERT_TRUE(recovery::Ledger::Create(*store, *device_->freshness_anchor(), id_, 4).ok());
    audit_ = Value(recovery::AuditLog::Open(folder_.path() / "audit.log", SystemClock()));
    options_.automatic = true;
    options_.store.url = server_->url();
    options_.after = std::chrono::milliseconds(1000);
  }
  std::unique_ptr<recovery::PostgresStore> Store(recovery::PostgresOptions::Open open) {
    recovery::PostgresOptions options;
    options.url = server_->url();
    options.open = open;
    options.sign_every = std::chrono::milliseconds(1300);
    return Value(recovery::OpenPostgresStore(options));
  }
  template <typename T>
  static T Value(absl::StatusOr<T> value) {
    EXPECT_TRUE(value.ok()) << value.status();
    return *std::move(value);
  }

  const Bytes id_ = Bytes(16, 7);
  TemporaryFolder folder_;
  recovery::RealmFolder realm_{folder_.path()};
  std::unique_ptr<SimulatedDevice> simulator_;
  std::unique_ptr<PostgresServer> server_;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<recovery::AuditLog> audit_;
  recovery::StandbyOptions options_;
};

TEST_F(StandbyOfItsOwn, TakesOverWhenItIsDueAndNotAtItsNextLook) {
  options_.look_every = std::chrono::hours(1);
  recovery::Standby standby(realm_, *device_->freshness_anchor(), id_, options_, *audit_);
  EXPECT_TRUE(standby.AwaitStore(kPatience).has_value()) << standby.figures().refusal;
}

TEST_F(StandbyOfItsOwn, LeavesAProcessAloneThatIsIdle) {
  const auto idle = Store(recovery::PostgresOptions::Open::kExisting);
  options_.look_every = std::chrono::milliseconds(50);
  recovery::Standby standby(realm_, *device_->freshness_anchor(), id_, options_, *audit_);
  EXPECT_FALSE(standby.AwaitStore(std::chrono::seconds(3)).has_value()) << "between two of its words";
}

TEST(StandbyStart, RefusesWhatNoStandbyCanDo) {
  auto realm = RealmFixture::Make(SimulatorKind::kSwtpm);
  ASSERT_TRUE(realm.ok()) << realm.status();
  ASSERT_TRUE((*realm)->StartDaemon().ok());
  const std::string config = ((*realm)->log().parent_path() / "recoveryd.toml").string();
  const FinishedCommand in_a_file =
      RunCommand({absl::StrCat(LABREC_BIN_DIR, "/labyrinth-recoveryd"), "--config", config, "--standby"});
  EXPECT_EQ(in_a_file.code, 2);
  EXPECT_THAT(in_a_file.err, HasSubstr("--standby follows a ledger in PostgreSQL"));
}

}  // namespace
}  // namespace labrec::test
