#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/unit/recovery/store/support.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

StoreBatch BatchOf(uint64_t epoch, size_t size) {
  StoreBatch batch;
  batch.rows = {Row(1, 1, Bytes(size, static_cast<uint8_t>(epoch)))};
  batch.head = HeadAt(epoch);
  return batch;
}

unsigned ModeOf(const std::filesystem::path& path) {
  struct stat facts {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777;
}

TEST_F(SqliteStoreTest, NobodyElseMayReadAnyOfItsFiles) {
  ASSERT_TRUE(store_->Write(BatchOf(1, 100)).ok());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(ModeOf(path().string() + suffix), 0600U) << suffix;
  }
  store_.reset();
  ASSERT_EQ(chmod(path().c_str(), 0640), 0);
  const auto refused = OpenSqliteStore(path());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(refused.status().ToString(), HasSubstr("chmod 600"));
}

TEST_F(SqliteStoreTest, ASecondStoreOnTheFileIsRefused) {
  const auto second = OpenSqliteStore(path());
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(second.status().ToString(), HasSubstr("open in this process already"));
}

TEST_F(SqliteStoreTest, ASecondProcessOnTheFileIsToldWhoHasIt) {
  const pid_t holder = getpid();
  const pid_t child = fork();
  if (child == 0) {
    const auto second = OpenSqliteStore(path());
    const bool told = absl::IsFailedPrecondition(second.status()) &&
                      second.status().ToString().find(absl::StrCat("process ", holder)) != std::string::npos;
    _exit(told ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteStoreTest, AMissingFileIsNotMade) {
  const auto missing = OpenSqliteStore(folder_.path() / "other.db");
  EXPECT_TRUE(absl::IsNotFound(missing.status())) << missing.status();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "other.db"));
  SqliteOptions create{.open = SqliteOptions::Open::kCreateIfMissing};
  EXPECT_TRUE(absl::IsNotFound(OpenSqliteStore(folder_.path() / "no" / "other.db", create).status()));
}

TEST_F(SqliteStoreTest, OtherFilesAreRefusedWithWhatTheyAre) {
  store_.reset();
  Meddle("PRAGMA user_version=2");
  auto opened = OpenSqliteStore(path());
  EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()));
  EXPECT_THAT(opened.status().ToString(), HasSubstr("schema version 2"));
  EXPECT_THAT(opened.status().ToString(), HasSubstr("newer program"));

  Meddle("PRAGMA user_version=1; PRAGMA application_id=1");
  EXPECT_THAT(OpenSqliteStore(path()).status().ToString(), HasSubstr("not a recovery ledger"));

  std::filesystem::remove(path());
  std::ofstream(path()) << std::string(8192, 'x');
  ASSERT_EQ(chmod(path().c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsDataLoss(OpenSqliteStore(path()).status())) << OpenSqliteStore(path()).status();
}

TEST_F(SqliteStoreTest, TablesTriggersAndIndexesOfOthersAreRefused) {
  store_.reset();
  for (const char* sql : {"CREATE TRIGGER t AFTER UPDATE ON head BEGIN DELETE FROM rows; END",
                          "CREATE TABLE t(a)", "CREATE INDEX t ON slots(content)", "DROP TABLE free_slots"}) {
    Meddle(sql);
    const auto opened = OpenSqliteStore(path());
    EXPECT_TRUE(absl::IsDataLoss(opened.status())) << sql;
    EXPECT_THAT(opened.status().ToString(), HasSubstr("tables are not those")) << sql;
    Meddle("DROP TRIGGER IF EXISTS t; DROP INDEX IF EXISTS t");
    Meddle("DROP TABLE IF EXISTS t");
  }
}

// A file that lost its end: the store refuses it, reports what it cannot read, or reads what was written.
TEST_F(SqliteStoreTest, ACutFileNeverPassesForAWholeOneUnlessNothingIsMissing) {
  const StoreBatch batch = BatchOf(1, 20000);
  ASSERT_TRUE(store_->Write(batch).ok());
  store_.reset();
  const auto whole = std::filesystem::file_size(path());
  int refused = 0;
  for (auto size = whole - 512; size >= 512; size -= 512) {
    std::filesystem::resize_file(path(), size);
    const auto opened = OpenSqliteStore(path());
    const bool reads = opened.ok() && (*opened)->ReadHead().ok() && (*opened)->ReadRow({1, KeyOf(1)}).ok();
    refused += reads ? 0 : 1;
    EXPECT_FALSE(reads && size < whole / 2) << size;
  }
  EXPECT_GT(refused, 10);
}

// A write that fails before its COMMIT changes nothing, says so, and the store goes on.
TEST_F(SqliteStoreTest, ABatchThatCannotBeWrittenIsAborted) {
  ASSERT_TRUE(store_->Write(BatchOf(1, 100)).ok());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const absl::Status busy = store_->Write(BatchOf(2, 100));
  EXPECT_TRUE(absl::IsAborted(busy)) << busy;
  sqlite3_close(other);
  EXPECT_EQ((*store_->ReadHead())->epoch, 1U);

  const absl::Status too_large = store_->Write(BatchOf(2, 65 << 20));
  EXPECT_TRUE(absl::IsAborted(too_large)) << too_large;
  EXPECT_EQ((*store_->ReadHead())->epoch, 1U);
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(1)}), Bytes(100, 1));
  EXPECT_TRUE(store_->Write(BatchOf(3, 100)).ok());
}

// The log may not grow (as on a full disk): the COMMIT fails, nobody knows what is on the disk, and the store
// writes nothing any more. In a process of its own, as the limit is the process's.
TEST_F(SqliteStoreTest, AFailingCommitEndsTheStore) {
  store_.reset();
  const pid_t child = fork();
  if (child == 0) {
    auto store = OpenSqliteStore(path());
    if (!store.ok() || !(*store)->Write(BatchOf(1, 100)).ok()) _exit(1);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{300 << 10, 300 << 10};
    if (setrlimit(RLIMIT_FSIZE, &tight) != 0) _exit(2);
    const absl::Status failed = (*store)->Write(BatchOf(2, 1 << 20));
    if (failed.ok() || absl::IsAborted(failed)) _exit(3);
    if (failed.ToString().find("not known") == std::string::npos) _exit(4);
    const absl::Status after = (*store)->Write(BatchOf(3, 100));
    if (after.ok() || absl::IsAborted(after)) _exit(5);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
  Open();
  EXPECT_EQ((*store_->ReadHead())->epoch, 1U);
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(1)}), Bytes(100, 1));
}

}  // namespace
}  // namespace labrec::recovery
