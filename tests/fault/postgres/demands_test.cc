// A server that loosens what was demanded is refused, each with its message.
#include "absl/strings/str_cat.h"

#include "tests/fault/postgres/pair.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

class DemandsTest : public PostgresPairTest {
 protected:
  // What an opening says once this was done to the server.
  void Refused(const std::string& sql, const std::string& message, const std::string& undo) {
    ASSERT_TRUE(primary_->Sql(sql).ok()) << sql;
    const auto opened = Open(0);
    EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()) || absl::IsDataLoss(opened.status())) << sql;
    EXPECT_THAT(opened.status().ToString(), HasSubstr(message)) << sql;
    ASSERT_TRUE(primary_->Sql(undo).ok()) << undo;
    EXPECT_TRUE(Open(0).ok()) << undo;
  }
};

TEST_F(DemandsTest, SettingsThatLoseWhatWasAcknowledged) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_TRUE(Open(0).ok());
  for (const char* name : {"fsync", "full_page_writes"}) {
    ASSERT_TRUE(primary_->Configure(absl::StrCat(name, " = off")).ok());
    const auto opened = Open(0);
    EXPECT_TRUE(absl::IsFailedPrecondition(opened.status())) << opened.status();
    EXPECT_THAT(opened.status().ToString(), HasSubstr(absl::StrCat(name, " is off")));
    ASSERT_TRUE(primary_->Configure(absl::StrCat(name, " = on")).ok());
  }
  // Of the role, and so of each of its sessions.
  Refused("ALTER ROLE labrec SET zero_damaged_pages = on", "zero_damaged_pages is on",
          "ALTER ROLE labrec RESET zero_damaged_pages");
  Refused("ALTER ROLE labrec SET ignore_checksum_failure = on", "ignore_checksum_failure is on",
          "ALTER ROLE labrec RESET ignore_checksum_failure");
}

TEST_F(DemandsTest, WhatTheRoleLoosensTheSessionTightens) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* loose : {"synchronous_commit = off", "client_min_messages = error", "lock_timeout = 1",
                            "statement_timeout = 1", "default_transaction_read_only = off",
                            "default_transaction_isolation = serializable", "row_security = on"}) {
    ASSERT_TRUE(primary_->Sql(absl::StrCat("ALTER ROLE labrec SET ", loose)).ok()) << loose;
  }
  ASSERT_NO_FATAL_FAILURE(OpenStore());
  PauseStandby();
  auto written = WriteAside(1);
  AwaitWaitingCommit();
  EXPECT_FALSE(Ready(written)) << "it waits for its standby all the same";
  ResumeStandby();
  EXPECT_TRUE(written.get().ok());
}

TEST_F(DemandsTest, TablesThatKeepOtherThanWhatIsWritten) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_TRUE(Open(0).ok());
  Refused("ALTER TABLE realm.labrec_row SET UNLOGGED", "labrec_row is UNLOGGED",
          "ALTER TABLE realm.labrec_row SET LOGGED");
  ASSERT_TRUE(
      primary_->Sql("CREATE FUNCTION realm.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
          .ok());
  Refused("CREATE TRIGGER t BEFORE UPDATE ON realm.labrec_head FOR EACH ROW EXECUTE FUNCTION realm.f()",
          "labrec_head has a trigger", "DROP TRIGGER t ON realm.labrec_head");
  Refused("CREATE RULE r AS ON DELETE TO realm.labrec_row DO INSTEAD NOTHING", "labrec_row has a rule",
          "DROP RULE r ON realm.labrec_row");
  Refused("ALTER TABLE realm.labrec_bucket ENABLE ROW LEVEL SECURITY", "labrec_bucket has row security",
          "ALTER TABLE realm.labrec_bucket DISABLE ROW LEVEL SECURITY");
  Refused("CREATE TABLE realm.child () INHERITS (realm.labrec_row)", "labrec_row has a parent or children",
          "DROP TABLE realm.child");
  Refused("ALTER TABLE realm.labrec_row ADD note text", "labrec_row is not that of a ledger",
          "ALTER TABLE realm.labrec_row DROP note");
  Refused("ALTER TABLE realm.labrec_head DROP CONSTRAINT labrec_head_id_check",
          "labrec_head is not that of a ledger", "ALTER TABLE realm.labrec_head ADD CHECK (id = 0)");
  Refused("ALTER TABLE realm.labrec_row RENAME TO gone", "1 of the ledger's tables",
          "ALTER TABLE realm.gone RENAME TO labrec_row");
}

TEST_F(DemandsTest, StandbysThatAreMissing) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  PostgresOptions options = Options();
  options.standbys_within = std::chrono::milliseconds(0);
  EXPECT_THAT(OpenPostgresStore(options).status().ToString(),
              HasSubstr("synchronous_standby_names is empty"));
  ASSERT_TRUE(primary_->Configure(kBoth).ok());
  const auto alone = OpenPostgresStore(options);
  EXPECT_TRUE(absl::IsUnavailable(alone.status())) << alone.status();
  EXPECT_THAT(alone.status().ToString(), HasSubstr("missing: n1, n2"));
  PostgresOptions none = options;
  none.replicas = 0;
  EXPECT_THAT(OpenPostgresStore(none).status().ToString(), HasSubstr("and none follows it"))
      << "it would wait for ever at its first COMMIT";
  const auto other = test::PostgresServer::StandbyOf(*primary_, "n3");
  ASSERT_TRUE(other.ok());
  EXPECT_THAT(OpenPostgresStore(options).status().ToString(), HasSubstr("0 of the named standbys"))
      << "one of another name does not count";
  ASSERT_TRUE(primary_->Sql("REVOKE pg_read_all_stats FROM labrec").ok());
  EXPECT_THAT(OpenPostgresStore(options).status().ToString(), HasSubstr("GRANT pg_read_all_stats"));
  options.replicas = 3;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenPostgresStore(options).status()));
}

TEST_F(DemandsTest, OneProcessAtATimeAndTheOtherIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  const auto second = Open(0);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(second.status().ToString(), HasSubstr(absl::StrCat(getpid(), "\" at this host")));
  store_.reset();
  EXPECT_TRUE(Open(0).ok());
}

TEST_F(DemandsTest, ServersThatTakeNoWritesOrAreOthers) {
  ASSERT_NO_FATAL_FAILURE(Start());
  PostgresOptions options = Options(0);
  options.url = standby_->url();
  EXPECT_TRUE(absl::IsUnavailable(OpenPostgresStore(options).status())) << "a standby";
  const auto other = test::PostgresServer::Start();
  ASSERT_TRUE(other.ok());
  options.url = test::PostgresServer::UrlOf({primary_.get(), other->get()});
  const auto both = OpenPostgresStore(options);
  EXPECT_TRUE(absl::IsFailedPrecondition(both.status())) << both.status();
  EXPECT_THAT(both.status().ToString(), HasSubstr("different clusters"));
  options.open = PostgresOptions::Open::kExisting;
  options.url = (*other)->url();
  EXPECT_TRUE(absl::IsNotFound(OpenPostgresStore(options).status()));
}

TEST_F(DemandsTest, LookingChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  store_.reset();
  const std::string before = *primary_->Sql("SELECT xmin, ctid FROM realm.labrec_head");
  PostgresOptions options = Options(0);
  options.open = PostgresOptions::Open::kReadOnly;
  const auto looking = OpenPostgresStore(options);
  ASSERT_TRUE(looking.ok()) << looking.status();
  EXPECT_EQ(NumberIn(**looking), 1U);
  EXPECT_TRUE(absl::IsFailedPrecondition((*looking)->MakeDurable()));
  EXPECT_FALSE((*looking)->Write(BatchOf(2)).ok());
  EXPECT_EQ(*primary_->Sql("SELECT xmin, ctid FROM realm.labrec_head"), before);
}

}  // namespace
}  // namespace labrec::recovery
