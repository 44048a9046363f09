// What a failover may lose, and that nothing lost or forged is served: the store under a ledger with its
// anchor.
#include <csignal>
#include <fstream>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/ledger.h"
#include "tests/fault/postgres/pair.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/process/finished_command.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

const Bytes kRealm = ToBytes("ledger-test-real");

class FailoverTest : public PostgresPairTest {
 protected:
  void SetUp() override {
    auto device = test::SimulatedDevice::Start(test::SimulatorKind::kSoftHsm);
    ASSERT_TRUE(device.ok()) << device.status();
    simulator_ = *std::move(device);
    ASSERT_TRUE(simulator_->Provision(kRealm).ok());
    auto opened = simulator_->Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    device_ = *std::move(opened);
  }

  void Create(uint32_t replicas) {
    OpenStore(replicas);
    auto ledger = Ledger::Create(*store_, anchor(), kRealm, 2);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = *std::move(ledger);
  }
  absl::Status OpenLedger(const PostgresOptions& options) {
    ledger_.reset();
    store_.reset();
    LABREC_ASSIGN_OR_RETURN(store_, OpenPostgresStore(options));
    LABREC_ASSIGN_OR_RETURN(ledger_, Ledger::Open(*store_, anchor(), kRealm));
    return absl::OkStatus();
  }
  absl::Status OpenLedgerAt(const test::PostgresServer& server) {
    PostgresOptions options = Options(0);
    options.url = server.url();
    return OpenLedger(options);
  }
  absl::Status Commit(uint8_t value) {
    LABREC_ASSIGN_OR_RETURN(const auto batch, ledger_->Stage({Row(1, 1, Bytes(2000, value))}));
    LABREC_RETURN_IF_ERROR(ledger_->Persist(*batch));
    return ledger_->Anchor(*batch);
  }
  void Holds(uint8_t value) {
    const auto row = ledger_->Read({1, KeyOf(1)});
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(*row, Bytes(2000, value));
  }
  void Crash() {
    ledger_.reset();
    store_.reset();
  }
  hsm::FreshnessAnchor& anchor() { return *device_->freshness_anchor(); }

  std::unique_ptr<test::SimulatedDevice> simulator_;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(FailoverTest, PromotingASynchronousStandbyLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Create(1));
  const char* names[] = {"n2", "n1"};
  for (uint8_t round = 1; round <= 20; ++round) {
    ASSERT_TRUE(Commit(round).ok());
    primary_->Kill();
    ASSERT_TRUE(standby_->Promote().ok());
    Crash();
    primary_ = std::move(standby_);
    auto standby = test::PostgresServer::StandbyOf(*primary_, names[round % 2]);
    ASSERT_TRUE(standby.ok()) << standby.status();
    standby_ = *std::move(standby);
    const absl::Status opened = OpenLedger(Options());
    ASSERT_TRUE(opened.ok()) << "round " << int{round} << ": " << opened;
    Holds(round);
  }
}

TEST_F(FailoverTest, PromotingAnAsynchronousOneThatLaggedIsRefusedByHowMuch) {
  ASSERT_NO_FATAL_FAILURE(Start(true, ""));
  ASSERT_NO_FATAL_FAILURE(Create(0));
  ASSERT_TRUE(Commit(1).ok());
  ASSERT_TRUE(primary_->Await("SELECT flush_lsn = pg_current_wal_lsn() FROM pg_stat_replication", "t").ok());
  standby_->Kill();
  for (uint8_t value = 2; value <= 4; ++value) ASSERT_TRUE(Commit(value).ok());
  Crash();
  primary_->Kill();
  ASSERT_TRUE(standby_->Launch().ok());
  ASSERT_TRUE(standby_->Promote().ok());
  const absl::Status refused = OpenLedgerAt(*standby_);
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(refused.ToString(), HasSubstr("rolled back by 3 epochs"));
  ASSERT_TRUE(primary_->Launch().ok());
  EXPECT_TRUE(OpenLedgerAt(*primary_).ok()) << "the newest copy is as good as ever";
  Holds(4);
}

TEST_F(FailoverTest, AnOldPrimaryThatComesBackIsNotTaken) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Create(1));
  ASSERT_TRUE(Commit(1).ok());
  primary_->Kill();
  ASSERT_TRUE(standby_->Promote().ok());
  Crash();
  ASSERT_TRUE(primary_->Launch().ok()) << "it takes writes, and stands first in the URL";
  for (test::PostgresServer* server : {primary_.get(), standby_.get()}) {
    ASSERT_TRUE(server->Configure("synchronous_standby_names = ''").ok());
  }
  PostgresOptions options = Options(0);
  ASSERT_TRUE(OpenLedger(options).ok());
  EXPECT_EQ(store_->server(), standby_->socket_folder().string());
  ASSERT_TRUE(Commit(2).ok());
  Crash();
  const absl::Status fork = OpenLedgerAt(*primary_);
  EXPECT_TRUE(absl::IsDataLoss(fork)) << fork;
  EXPECT_THAT(fork.ToString(), HasSubstr("rolled back by"));
  ASSERT_TRUE(OpenLedger(options).ok());
  Holds(2);
}

// A running process keeps to the server it knows, until that is gone; then it goes on with its successor.
TEST_F(FailoverTest, AnIdleProcessGoesOnWithThePromotedStandby) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Create(1));
  ASSERT_TRUE(Commit(1).ok());
  auto second = test::PostgresServer::StandbyOf(*primary_, "n1");
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE((*second)->Follow(*standby_, "n1").ok());
  primary_->Kill();
  ASSERT_TRUE((*second)->Stop(SIGINT).ok());
  ASSERT_TRUE(standby_->Promote().ok());
  ASSERT_TRUE((*second)->Launch().ok());
  const absl::Status written = Commit(2);
  EXPECT_TRUE(written.ok()) << written;
  Holds(2);
}

TEST_F(FailoverTest, ABatchThatNoStandbyHasIsRolledForwardOnlyOnceOneHasIt) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Create(1));
  ASSERT_TRUE(Commit(1).ok());
  standby_->Kill();
  auto batch = ledger_->Stage({Row(1, 1, Bytes(2000, 2))});
  ASSERT_TRUE(batch.ok());
  auto persisting = std::async(std::launch::async, [&] { return ledger_->Persist(**batch); });
  AwaitWaitingCommit();
  primary_->Kill();
  EXPECT_FALSE(persisting.get().ok());
  Crash();
  ASSERT_TRUE(primary_->Launch().ok());
  EXPECT_EQ(*primary_->Sql("SELECT count(*) FROM realm.labrec_row WHERE get_byte(content, 0) = 2"), "1")
      << "it is visible, on this disk alone";
  PostgresOptions options = Options();
  options.standbys_within = std::chrono::milliseconds(100);
  EXPECT_TRUE(absl::IsUnavailable(OpenLedger(options))) << "nothing is anchored without a standby";
  ASSERT_TRUE(standby_->Launch().ok());
  const absl::Status opened = OpenLedger(Options());
  ASSERT_TRUE(opened.ok()) << opened;
  Holds(2);
  primary_->Kill();
  Crash();
  ASSERT_TRUE(standby_->Promote().ok());
  ASSERT_TRUE(standby_->Configure("synchronous_standby_names = ''").ok());
  EXPECT_TRUE(OpenLedgerAt(*standby_).ok()) << "and the next failover does not lose it";
  Holds(2);
}

TEST_F(FailoverTest, EditsOfRowBucketAndHeadAreFound) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(Create(0));
  ASSERT_TRUE(Commit(1).ok());
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_row SET content = set_byte(content, 100, 77)").ok());
  EXPECT_TRUE(absl::IsDataLoss(ledger_->Read({1, KeyOf(1)}).status()));
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_row SET content = set_byte(content, 100, 1)").ok());
  Holds(1);
  ASSERT_TRUE(primary_->Sql("CREATE TABLE kept AS TABLE realm.labrec_bucket").ok());
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_bucket SET directory = set_byte(directory, 5, 77)").ok());
  EXPECT_TRUE(absl::IsDataLoss(Commit(2))) << "nothing is built on it";
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_bucket b SET directory = k.directory FROM kept k").ok());
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_bucket SET digest = set_byte(digest, 5, 77)").ok());
  EXPECT_THAT(OpenLedgerAt(*primary_).ToString(), HasSubstr("edited: the bucket digests do not make up"));
  ASSERT_TRUE(primary_->Sql("UPDATE realm.labrec_bucket b SET digest = k.digest FROM kept k").ok());
  for (const char* edit : {"records = records + 1", "epoch = epoch + 1", "root = set_byte(root, 0, 77)"}) {
    ASSERT_TRUE(primary_->Sql("CREATE TABLE head AS TABLE realm.labrec_head").ok());
    ASSERT_TRUE(primary_->Sql(absl::StrCat("UPDATE realm.labrec_head SET ", edit)).ok());
    EXPECT_TRUE(absl::IsDataLoss(OpenLedgerAt(*primary_))) << edit;
    Crash();
    ASSERT_TRUE(primary_->Sql("DELETE FROM realm.labrec_head").ok());
    ASSERT_TRUE(primary_->Sql("INSERT INTO realm.labrec_head SELECT * FROM head; DROP TABLE head").ok());
  }
  EXPECT_TRUE(OpenLedgerAt(*primary_).ok());
  Holds(1);
}

TEST_F(FailoverTest, ADumpThatIsRestoredIsFreshWhileItIsTheLatest) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(Create(0));
  ASSERT_TRUE(Commit(1).ok());
  Crash();
  const auto other = test::PostgresServer::Start();
  ASSERT_TRUE(other.ok()) << other.status();
  const test::FinishedCommand dump = test::RunCommand(
      {"pg_dump", "-h", primary_->socket_folder(), "-U", "postgres", "-n", "realm", "postgres"});
  ASSERT_EQ(dump.code, 0) << dump.err;
  ASSERT_TRUE((*other)->Sql("DROP SCHEMA realm").ok());
  const test::FinishedCommand restored = test::RunCommand(
      {"psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", (*other)->socket_folder(), "-U", "postgres", "postgres"},
      dump.out);
  ASSERT_EQ(restored.code, 0) << restored.err;
  const absl::Status opened = OpenLedgerAt(**other);
  ASSERT_TRUE(opened.ok()) << opened;
  Holds(1);
  EXPECT_TRUE(absl::IsDataLoss(OpenLedgerAt(*primary_)))
      << "and the first one is not, once the copy has served";
}

TEST_F(FailoverTest, APointInTimeRestoreIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(Create(0));
  ASSERT_TRUE(Commit(1).ok());
  ASSERT_TRUE(primary_->Stop(SIGINT).ok());
  auto copy = test::PostgresServer::CopyOf(*primary_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  ASSERT_TRUE(primary_->Launch().ok());
  ASSERT_TRUE(OpenLedgerAt(*primary_).ok());
  ASSERT_TRUE(Commit(2).ok());
  ASSERT_TRUE(primary_->Sql("SELECT pg_create_restore_point('before')").ok());
  ASSERT_TRUE(Commit(3).ok());
  Crash();
  ASSERT_TRUE(primary_->Sql("SELECT pg_switch_wal()").ok());
  std::ofstream((*copy)->data() / "postgresql.conf", std::ios::app)
      << "restore_command = 'cp " << (primary_->data() / "pg_wal").string()
      << "/%f %p'\nrecovery_target_name = 'before'\nrecovery_target_action = 'promote'\n";
  std::ofstream((*copy)->data() / "recovery.signal").put('\n');
  std::filesystem::permissions((*copy)->data() / "recovery.signal", std::filesystem::perms(0666));
  ASSERT_TRUE((*copy)->Launch().ok()) << (*copy)->log();
  ASSERT_TRUE((*copy)->Await("SELECT pg_is_in_recovery()", "f").ok());
  const absl::Status refused = OpenLedgerAt(**copy);
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(refused.ToString(), HasSubstr("rolled back by 1 epoch"));
}

}  // namespace
}  // namespace labrec::recovery
