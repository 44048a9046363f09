#include "tests/fault/postgres/pair.h"

#include <string>

#include "tests/support/process/other_process.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {

StoreBatch BatchOf(uint64_t number) {
  StoreBatch batch;
  batch.head = HeadAt(number);
  batch.rows = {Row(1, 1, Bytes(2000, static_cast<uint8_t>(number)))};
  batch.buckets = {{1, KeyOf(static_cast<uint32_t>(number)), Bytes(64, static_cast<uint8_t>(number))}};
  return batch;
}

void PostgresPairTest::Start(bool with_standby, const std::string& settings) {
  auto primary = test::PostgresServer::Start();
  ASSERT_TRUE(primary.ok()) << primary.status();
  primary_ = *std::move(primary);
  if (with_standby) {
    auto standby = test::PostgresServer::StandbyOf(*primary_, "n2");
    ASSERT_TRUE(standby.ok()) << standby.status();
    standby_ = *std::move(standby);
  }
  if (settings.empty()) return;
  ASSERT_TRUE(primary_->Configure(settings).ok());
  if (!with_standby) return;
  ASSERT_TRUE(standby_->Configure(settings).ok());
}

PostgresOptions PostgresPairTest::Options(uint32_t replicas) const {
  PostgresOptions options;
  std::vector<const test::PostgresServer*> servers = {primary_.get()};
  if (standby_) servers.push_back(standby_.get());
  options.url = test::PostgresServer::UrlOf(servers);
  options.open = PostgresOptions::Open::kCreateIfMissing;
  options.replicas = replicas;
  options.sign_every = std::chrono::hours(1);  // what a test cuts or ends is a batch
  options.standby_names = {"n1", "n2"};
  return options;
}

void PostgresPairTest::OpenStore(uint32_t replicas) {
  store_.reset();
  auto opened = Open(replicas);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
}

uint64_t PostgresPairTest::NumberIn(Store& store) {
  const auto head = store.ReadHead();
  EXPECT_TRUE(head.ok()) << head.status();
  if (!head.ok() || !head->has_value()) return 0;
  const auto row = store.ReadRow({1, KeyOf(1)});
  const auto directory = store.ReadDirectory(1);
  EXPECT_TRUE(row.ok() && directory.ok());
  EXPECT_EQ(*row, Bytes(2000, static_cast<uint8_t>((*head)->epoch))) << "a torn batch";
  EXPECT_EQ(*directory, Bytes(64, static_cast<uint8_t>((*head)->epoch))) << "a torn batch";
  return (*head)->epoch;
}

std::future<absl::Status> PostgresPairTest::WriteAside(uint64_t number) const {
  return std::async(std::launch::async, [this, number] { return store_->Write(BatchOf(number)); });
}

void PostgresPairTest::PauseStandby() {
  const auto receiver = standby_->Sql("SELECT pid FROM pg_stat_wal_receiver");
  ASSERT_TRUE(receiver.ok() && !receiver->empty()) << receiver.status();
  receiver_ = std::stoi(*receiver);
  test::Freeze(receiver_);
}

void PostgresPairTest::ResumeStandby() {
  test::Thaw(receiver_);
}

void PostgresPairTest::AwaitWaitingCommit() const {
  const absl::Status waits =
      primary_->Await("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "t");
  ASSERT_TRUE(waits.ok()) << waits;
}

void PostgresPairTest::AwaitIdle() const {
  const absl::Status idle = primary_->Await(
      "SELECT count(*) FROM pg_stat_activity WHERE usename = 'labrec' AND wait_event = 'SyncRep'", "0");
  ASSERT_TRUE(idle.ok()) << idle;
}

}  // namespace labrec::recovery
