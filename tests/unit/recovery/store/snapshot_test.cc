// A snapshot's file is made, and SQLite opens it again by its name: what somebody puts there in between.

#include <fstream>
#include <functional>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/unit/recovery/store/support.h"

namespace {
std::string opened_name;  // what is done before a file of this name is opened
std::function<void()> before_opening;
}  // namespace

// Stands before SQLite's own.
extern "C" int sqlite3_open_v2(const char* name, sqlite3** database, int flags, const char* vfs) {
  using Open = int (*)(const char*, sqlite3**, int, const char*);
  static const auto real = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "sqlite3_open_v2"));
  if (!opened_name.empty() && name == opened_name) before_opening();
  return real(name, database, flags, vfs);
}

namespace labrec::recovery {
namespace {

namespace fs = std::filesystem;

class SnapshotTest : public SqliteStoreTest {
 protected:
  void SetUp() override {
    SqliteStoreTest::SetUp();
    StoreBatch batch;
    batch.rows = {Row(1, 1, Bytes(100, 7))};
    batch.head = HeadAt(1);
    ASSERT_TRUE(store_->Write(batch).ok());
    std::ofstream(victim_) << "nobody is to write here";
  }
  void TearDown() override { opened_name.clear(); }
  // `swap` is done between the making of the copy's file and its opening by SQLite.
  void Between(std::function<void()> swap) {
    opened_name = fs::canonical(copy_.parent_path()) / copy_.filename();
    before_opening = std::move(swap);
  }

  std::string Victim() const {
    std::ifstream file(victim_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const fs::path copy_ = path().parent_path() / "copy.sqlite";
  const fs::path victim_ = path().parent_path() / "victim";
};

TEST_F(SnapshotTest, ALinkInTheFilesPlaceIsNotFollowed) {
  Between([this] {
    fs::remove(copy_);
    fs::create_symlink(victim_, copy_);
  });
  fs::resize_file(victim_, 0);  // SQLite takes an empty file for a new database
  EXPECT_FALSE(store_->Snapshot(copy_).ok());
  EXPECT_EQ(Victim(), "");
}

TEST_F(SnapshotTest, AnotherFileInItsPlaceIsNoSnapshot) {
  Between([this] {
    fs::remove(copy_);
    std::ofstream(copy_).flush();
  });
  const absl::Status taken = store_->Snapshot(copy_);
  EXPECT_THAT(taken.ToString(), testing::HasSubstr("somebody replaced the file"));
}

TEST_F(SnapshotTest, AFolderBehindALinkIsOne) {
  const fs::path link = path().parent_path() / "link";
  fs::create_directory(path().parent_path() / "folder");
  fs::create_symlink("folder", link);
  const absl::Status taken = store_->Snapshot(link / "copy.sqlite");
  EXPECT_TRUE(taken.ok()) << taken;
  EXPECT_TRUE(fs::exists(path().parent_path() / "folder" / "copy.sqlite"));
}

}  // namespace
}  // namespace labrec::recovery
