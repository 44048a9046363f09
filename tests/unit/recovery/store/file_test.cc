#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

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

// The log may not grow, as on a full disk or with a quota: the batch is not written, what was there is read,
// and when there is room the store goes on. In a process of its own, as the limit is the process's.
TEST_F(SqliteStoreTest, WithoutRoomABatchIsAbortedAndTheNextOneIsWrittenWhenThereIs) {
  store_.reset();
  const pid_t child = fork();
  if (child == 0) {
    auto store = OpenSqliteStore(path(), {.erase_after = std::chrono::milliseconds(1)});
    if (!store.ok() || !(*store)->Write(BatchOf(1, 100)).ok()) _exit(1);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    const rlim_t before = std::exchange(limit.rlim_cur, 300 << 10);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    for (int i = 0; i < 20; ++i) {
      const absl::Status refused = (*store)->Write(BatchOf(2, 1 << 20));
      if (!absl::IsAborted(refused)) _exit(3);
      if (refused.ToString().find("no room") == std::string::npos) _exit(4);
      const absl::Status erased = (*store)->EraseOldVersions();
      if (!erased.ok() && !absl::IsUnavailable(erased) && !absl::IsResourceExhausted(erased)) _exit(5);
    }
    if ((*(*store)->ReadHead())->epoch != 1) _exit(6);
    limit.rlim_cur = before;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    if (!(*store)->Write(BatchOf(3, 1 << 20)).ok()) _exit(7);
    store->reset();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
  Open();
  EXPECT_EQ((*store_->ReadHead())->epoch, 3U);
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(1)}), Bytes(1 << 20, 3));
}

// A store as a crash leaves it: its database, and a log with the latest batch.
class CrashedStoreTest : public SqliteStoreTest {
 protected:
  void SetUp() override {
    SqliteStoreTest::SetUp();
    ASSERT_TRUE(store_->Write(BatchOf(1, 5000)).ok());
    ASSERT_TRUE(store_->EraseOldVersions().ok());
    ASSERT_TRUE(store_->Write(BatchOf(2, 5000)).ok());
    std::filesystem::create_directory(crashed().parent_path());
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path().string() + suffix, crashed().string() + suffix);
    }
  }
  std::filesystem::path crashed() const { return folder_.path() / "crash#1 %41?" / "realm.db"; }
  // Names and contents of its files, but for the lock.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(crashed().parent_path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    files.erase("realm.db.lock");
    return files;
  }
};

TEST_F(CrashedStoreTest, LookingChangesNothing) {
  const auto found = Files();
  ASSERT_EQ(found.size(), 2U);
  for (const auto mode : {SqliteOptions::Open::kReadOnly, SqliteOptions::Open::kExisting}) {
    SCOPED_TRACE(static_cast<int>(mode));
    {
      const auto store = OpenSqliteStore(crashed(), {.open = mode});
      ASSERT_TRUE(store.ok()) << store.status();
      EXPECT_EQ((*(*store)->ReadHead())->epoch, 2U) << "the log is read";
      EXPECT_EQ(*(*store)->ReadRow({1, KeyOf(1)}), Bytes(5000, 2));
    }
    auto left = Files();
    if (mode == SqliteOptions::Open::kExisting) left.erase("realm.db-shm");
    EXPECT_TRUE(left == found);
  }
  {
    const auto store = OpenSqliteStore(crashed());
    ASSERT_TRUE(store.ok() && (*store)->MakeDurable().ok());
  }
  EXPECT_EQ(Files().size(), 1U) << "the log is in the database now";
  const auto whole = Files();
  {
    const auto store = OpenSqliteStore(crashed(), {.open = SqliteOptions::Open::kReadOnly});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*(*store)->ReadHead())->epoch, 2U);
    EXPECT_TRUE(absl::IsFailedPrecondition((*store)->MakeDurable()));
    EXPECT_FALSE((*store)->Write(BatchOf(3, 1)).ok());
  }
  EXPECT_TRUE(Files() == whole) << "no log, no index is made";
}

// SQLite deletes the log of an empty database, and changes a database by a rollback journal beside it.
TEST_F(CrashedStoreTest, WhatOpeningWouldDestroyIsNotOpened) {
  std::filesystem::resize_file(crashed(), 0);
  auto found = Files();
  EXPECT_TRUE(absl::IsDataLoss(OpenSqliteStore(crashed()).status()));
  EXPECT_TRUE(Files() == found) << "the log is still there";
  std::filesystem::copy_file(path(), crashed(), std::filesystem::copy_options::overwrite_existing);
  std::ofstream(crashed().string() + "-journal") << "of another database";
  found = Files();
  EXPECT_TRUE(absl::IsDataLoss(OpenSqliteStore(crashed()).status()));
  EXPECT_TRUE(Files() == found);
}

}  // namespace
}  // namespace labrec::recovery
