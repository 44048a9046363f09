// A batch is where it was promised when Write says so, whatever happens around its COMMIT.
#include <csignal>
#include <random>

#include "absl/strings/str_cat.h"

#include "tests/fault/postgres/pair.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

class CommitTest : public PostgresPairTest {};

// A COMMIT that is released before its standby has it returns OK, with a warning at most.
TEST_F(CommitTest, ACancelledWaitIsWaitedOut) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(primary_->Sql("ALTER ROLE labrec SET client_min_messages = error").ok())
      << "then not even that";
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  PauseStandby();
  for (uint64_t number = 1; number <= 10; ++number) {
    auto written = WriteAside(number);
    AwaitWaitingCommit();
    ASSERT_TRUE(
        primary_->Sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            .ok());
    AwaitIdle();
    EXPECT_EQ(*primary_->Sql("SELECT epoch FROM realm.labrec_head"), absl::StrCat(number)) << "committed";
    EXPECT_FALSE(Ready(written)) << "and on no standby";
    ResumeStandby();
    ASSERT_TRUE(written.get().ok());
    PauseStandby();
  }
  ResumeStandby();
}

TEST_F(CommitTest, NamesThatAreEmptiedMeanwhileReleaseNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  for (uint64_t number = 1; number <= 60; ++number) {
    PauseStandby();
    auto written = WriteAside(number);
    // Half of them race with the COMMIT, half come when it waits.
    if (number % 2 == 0) AwaitWaitingCommit();
    ASSERT_TRUE(primary_->Configure("synchronous_standby_names = ''").ok());
    ASSERT_TRUE(primary_->Await("SELECT epoch FROM realm.labrec_head", absl::StrCat(number)).ok());
    AwaitIdle();
    ASSERT_FALSE(Ready(written)) << "round " << number;
    ResumeStandby();
    const absl::Status done = written.get();
    ASSERT_TRUE(done.ok()) << done;
    ASSERT_TRUE(primary_->Configure(kBoth).ok());
  }
}

TEST_F(CommitTest, OfSeveralStandbysAsManyHaveABatchAsAreDemanded) {
  ASSERT_NO_FATAL_FAILURE(Start(true, "synchronous_standby_names = 'ANY 1 (n1, n2, n3)'\n"));
  const auto third = test::PostgresServer::StandbyOf(*primary_, "n3");
  ASSERT_TRUE(third.ok()) << third.status();
  PostgresOptions options = Options(1);
  options.standby_names = {"n1", "n2", "n3"};
  const auto open = [&] {
    store_.reset();
    auto opened = OpenPostgresStore(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  };
  ASSERT_NO_FATAL_FAILURE(open());
  standby_->Kill();
  EXPECT_TRUE(store_->Write(BatchOf(1)).ok()) << "one of two may be away";
  ASSERT_TRUE(standby_->Launch().ok());
  options.replicas = 2;
  ASSERT_NO_FATAL_FAILURE(open());
  standby_->Kill();
  auto written = WriteAside(2);
  ASSERT_TRUE(primary_->Await("SELECT epoch FROM realm.labrec_head", "2").ok());
  AwaitIdle();
  EXPECT_FALSE(Ready(written)) << "for PostgreSQL one is enough";
  ASSERT_TRUE(standby_->Launch().ok());
  EXPECT_TRUE(written.get().ok());
}

TEST_F(CommitTest, WithItsStandbyGoneItSaysWhatItWaitsForAndGivesUpWhenTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  EXPECT_EQ(store_->waits_for(), "");
  standby_->Kill();
  auto written = WriteAside(1);
  AwaitWaitingCommit();
  while (store_->waits_for().empty()) std::this_thread::yield();
  EXPECT_THAT(store_->waits_for(), HasSubstr("a replica: PostgreSQL commits when 1 of n1, n2 has it"));
  EXPECT_FALSE(Ready(written));
  store_->GiveUp();
  const absl::Status given_up = written.get();
  EXPECT_TRUE(absl::IsInternal(given_up)) << given_up;
  EXPECT_THAT(given_up.ToString(), HasSubstr("given up"));
  EXPECT_THAT(store_->Write(BatchOf(2)).ToString(), HasSubstr("the process must end"));
}

// An old primary that follows its successor as it is, not rewound, has flushed a log of its own beyond the
// place where they parted. It says how far, and has nothing of what the successor wrote.
TEST_F(CommitTest, AStandbyThatHasPartedIsNoReplica) {
  ASSERT_NO_FATAL_FAILURE(Start());
  auto third = test::PostgresServer::StandbyOf(*primary_, "n3");
  ASSERT_TRUE(third.ok()) << third.status();
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  store_.reset();
  ASSERT_TRUE(
      primary_->Await("SELECT min(flush_lsn) = pg_current_wal_lsn() FROM pg_stat_replication", "t").ok());
  ASSERT_TRUE((*third)->Stop(SIGINT).ok());
  ASSERT_TRUE(standby_->Stop(SIGINT).ok());
  ASSERT_TRUE(primary_->Sql("CREATE TABLE alone AS SELECT generate_series(1, 4000)").ok());
  primary_->Kill();
  ASSERT_TRUE(standby_->Launch().ok());
  ASSERT_TRUE(standby_->Promote().ok());
  ASSERT_TRUE(standby_->Configure("synchronous_standby_names = 'ANY 1 (n1, n3)'").ok());
  ASSERT_TRUE((*third)->Follow(*standby_, "n3").ok());
  ASSERT_TRUE((*third)->Launch().ok());
  ASSERT_TRUE(primary_->Follow(*standby_, "n1").ok());
  ASSERT_TRUE(primary_->Launch().ok());
  std::swap(primary_, standby_);
  ASSERT_TRUE(primary_
                  ->Await("SELECT flush_lsn > pg_current_wal_flush_lsn() FROM pg_stat_replication WHERE "
                          "application_name = 'n1'",
                          "t")
                  .ok());
  PostgresOptions options = Options();
  options.url = primary_->url();
  options.standby_names = {"n1", "n3"};
  auto opened = OpenPostgresStore(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  store_ = *std::move(opened);
  ASSERT_TRUE(store_->Write(BatchOf(2)).ok());
  (*third)->Kill();
  auto written = WriteAside(3);  // whose COMMIT PostgreSQL 15 lets go
  while (store_->waits_for().empty() && !Ready(written)) std::this_thread::yield();
  EXPECT_FALSE(Ready(written)) << "it is on no standby's disk";
  ASSERT_TRUE((*third)->Launch().ok());
  EXPECT_TRUE(written.get().ok());
}

// What was acknowledged is there, whole, after each of them; what was not may be there.
TEST_F(CommitTest, AServerKilledAroundItsCommitTearsNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  std::mt19937 random(16);
  uint64_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    OpenStore(0);
    const uint64_t found = NumberIn(*store_);
    ASSERT_GE(found, acknowledged) << "an acknowledged batch is missing";
    ASSERT_LE(found, acknowledged + 1);
    acknowledged = found;
    const uint64_t last = found + 1 + random() % 30;
    auto writing = std::async(std::launch::async, [&] {
      while (store_->Write(BatchOf(acknowledged + 1)).ok()) ++acknowledged;
    });
    ASSERT_TRUE(primary_->Await(absl::StrCat("SELECT epoch >= ", last, " FROM realm.labrec_head"), "t").ok());
    primary_->Kill();
    writing.get();
    ASSERT_TRUE(primary_->Launch().ok());
  }
}

// An operator ends the session: found before anything is sent, it costs nothing.
TEST_F(CommitTest, ASessionThatWasEndedWhileIdleIsMadeAnew) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  for (uint64_t number = 1; number <= 5; ++number) {
    ASSERT_TRUE(store_->Write(BatchOf(number)).ok());
    ASSERT_TRUE(
        primary_->Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'labrec'")
            .ok());
    ASSERT_TRUE(primary_->Await("SELECT count(*) FROM pg_stat_activity WHERE usename = 'labrec'", "0").ok());
    EXPECT_EQ(NumberIn(*store_), number) << "readers come back too";
  }
  primary_->Kill();
  const absl::Status away = store_->Write(BatchOf(6));
  EXPECT_TRUE(absl::IsAborted(away)) << away;
  ASSERT_TRUE(primary_->Launch().ok());
  const absl::Status back = store_->Write(BatchOf(6));
  EXPECT_TRUE(back.ok()) << back;
}

TEST_F(CommitTest, ASessionThatIsEndedWhileItsCommitWaitsIsUncertain) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  PauseStandby();
  auto written = WriteAside(1);
  AwaitWaitingCommit();
  ASSERT_TRUE(
      primary_->Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
          .ok());
  const absl::Status uncertain = written.get();
  EXPECT_TRUE(absl::IsInternal(uncertain)) << uncertain;
  EXPECT_THAT(uncertain.ToString(), HasSubstr("it is not known whether"));
  ResumeStandby();
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  EXPECT_EQ(NumberIn(*store_), 1U) << "it was written, in the end";
}

TEST_F(CommitTest, AnErrorBeforeTheCommitIsAbortedAndTheNextBatchIsWritten) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(
        primary_->Sql("ALTER TABLE realm.labrec_row ADD CONSTRAINT c CHECK (length(content) < 10) NOT VALID")
            .ok());
    const absl::Status refused = store_->Write(BatchOf(2));
    EXPECT_TRUE(absl::IsAborted(refused)) << refused;
    EXPECT_EQ(NumberIn(*store_), 1U);
    ASSERT_TRUE(primary_->Sql("ALTER TABLE realm.labrec_row DROP CONSTRAINT c").ok());
  }
  EXPECT_TRUE(store_->Write(BatchOf(2)).ok());
}

TEST_F(CommitTest, AHeadThatSomebodyElseWroteEndsTheProcess) {
  for (const char* edit : {"UPDATE realm.labrec_head SET epoch = 9", "DELETE FROM realm.labrec_head",
                           "UPDATE realm.labrec_head SET evidence = ''"}) {
    ASSERT_NO_FATAL_FAILURE(Start(false, ""));
    OpenStore(0);
    ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
    ASSERT_TRUE(primary_->Sql(edit).ok());
    const absl::Status refused = store_->Write(BatchOf(2));
    EXPECT_TRUE(absl::IsInternal(refused)) << edit << ": " << refused;
    EXPECT_THAT(refused.ToString(), HasSubstr("not the one this process left"));
    EXPECT_FALSE(store_->Write(BatchOf(2)).ok());
    EXPECT_NE(*primary_->Sql("SELECT count(*) FROM realm.labrec_head WHERE epoch = 2"), "1");
  }
}

// A batch that is visible may be on no other disk: it was killed while it waited. Before anything builds on
// it, it is where a batch has to be.
TEST_F(CommitTest, WhatIsFoundIsMadeDurableOnItsStandbysToo) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  PauseStandby();
  auto durable = std::async(std::launch::async, [this] { return store_->MakeDurable(); });
  AwaitWaitingCommit();
  ASSERT_TRUE(primary_->Configure("synchronous_standby_names = ''").ok());
  AwaitIdle();
  EXPECT_FALSE(Ready(durable));
  ResumeStandby();
  const absl::Status done = durable.get();
  EXPECT_TRUE(done.ok()) << done;
}

TEST_F(CommitTest, VacuumFullUnderARunningStoreChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  for (uint64_t number = 1; number <= 10; ++number) {
    ASSERT_TRUE(store_->Write(BatchOf(number)).ok());
    for (const char* table : {"head", "bucket", "row"}) {
      ASSERT_TRUE(primary_->Sql(absl::StrCat("VACUUM FULL realm.labrec_", table)).ok());
    }
    EXPECT_EQ(NumberIn(*store_), number);
  }
  EXPECT_FALSE(Open(0).ok()) << "the lock holds";
}

}  // namespace
}  // namespace labrec::recovery
