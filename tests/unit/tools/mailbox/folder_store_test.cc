#include "tools/mailbox/folder/folder_store.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include <stdlib.h>

#include "gtest/gtest.h"
#include "hsm/base/file.h"
#include "tools/mailbox/folder/epoch_files.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using recovery::labyrinth::RandomId;

class FolderStoreTest : public ::testing::Test {
 protected:
  FolderStoreTest() {
    std::string name = (fs::temp_directory_path() / "folder_store.XXXXXX").string();
    folder_ = mkdtemp(name.data());
    store_ = *FolderStore::Open(folder_);
    EXPECT_TRUE(store_->CommitEpoch(std::nullopt, {0, epoch_, {1}, {}, {{RandomId(), {2}}}, {}}).ok());
  }
  ~FolderStoreTest() override { fs::remove_all(folder_); }

  fs::path LogPath() const { return folder_ / "epochs" / "00000000000000000000" / "messages"; }

  size_t CountMessages() {
    const auto page = (*FolderStore::Open(folder_))->ReadMessages(0, 0, 1000);
    EXPECT_TRUE(page.ok()) << page.status();
    return page->messages.size();
  }

  const recovery::labyrinth::Id epoch_ = RandomId();
  fs::path folder_;
  std::unique_ptr<FolderStore> store_;
};

// A crash in the middle of an append: whatever part of the record is there, readers see the whole ones
// before, and the next append goes on from there.
TEST_F(FolderStoreTest, ATornAppendIsNotSeenAndOverwritten) {
  ASSERT_TRUE(store_->AppendMessage(epoch_, {RandomId(), "a", 1, Bytes(50, 1)}).ok());
  const uint64_t whole = fs::file_size(LogPath());
  ASSERT_TRUE(store_->AppendMessage(epoch_, {RandomId(), "a", 2, Bytes(50, 2)}).ok());
  const Bytes both = *ReadFile(LogPath());
  for (uint64_t size = whole; size < both.size(); ++size) {
    ASSERT_TRUE(WriteFile(LogPath(), ByteView(both).first(size), 0600, Overwrite::kReplace).ok());
    EXPECT_EQ(CountMessages(), 1U) << size;
    const auto fresh = *FolderStore::Open(folder_);
    ASSERT_TRUE(fresh->AppendMessage(epoch_, {RandomId(), "b", 3, Bytes(5, 3)}).ok());
    const auto page = fresh->ReadMessages(0, 0, 10);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->messages.size(), 2U) << size;
    EXPECT_EQ(page->messages[1].thread, "b");
    EXPECT_EQ(page->messages[1].sealed, Bytes(5, 3));
  }
}

TEST_F(FolderStoreTest, AWriterThatDiedInACommitIsInNobodysWay) {
  fs::create_directories(folder_ / "epochs" / "unfinished");
  ASSERT_TRUE(
      WriteFile(folder_ / "epochs" / "unfinished" / "epoch", Bytes{1, 2}, 0600, Overwrite::kRefuse).ok());
  EXPECT_EQ(store_->GetHead()->sequence, 0U);
  ASSERT_TRUE(store_->CommitEpoch(*store_->GetHead(), {1, RandomId(), {1}, {2}, {}, {}}).ok());
  EXPECT_EQ(store_->GetHead()->sequence, 1U);
}

TEST_F(FolderStoreTest, OfManyCommitsAtOnceOneWins) {
  const auto head = *store_->GetHead();
  std::vector<std::thread> threads;
  std::atomic<int> won = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto mine = *FolderStore::Open(folder_);
      const absl::Status status = mine->CommitEpoch(head, {1, RandomId(), {1}, {2}, {}, {}});
      EXPECT_TRUE(status.ok() || absl::IsAborted(status)) << status;
      won += status.ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
}

TEST_F(FolderStoreTest, AppendsFromManyProcessesAreAllThere) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto mine = *FolderStore::Open(folder_);
      for (int j = 0; j < 25; ++j)
        EXPECT_TRUE(mine->AppendMessage(epoch_, {RandomId(), "t", j, Bytes(9, 1)}).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountMessages(), 100U);
}

TEST_F(FolderStoreTest, DamagedFilesAreErrorsAndNothingWorse) {
  const fs::path file = folder_ / "epochs" / "00000000000000000000" / "members";
  const Bytes content = *ReadFile(file);
  for (size_t size = 0; size < content.size(); ++size) {
    ASSERT_TRUE(WriteFile(file, ByteView(content).first(size), 0600, Overwrite::kReplace).ok());
    EXPECT_EQ(store_->ListMembers(0).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_FALSE(EpochFile::Parse(Bytes{0}).ok());
  EXPECT_FALSE(MembersFile::Parse(Bytes(12, 0xff)).ok());
}

TEST_F(FolderStoreTest, TheFolderIsItsOwners) {
  const auto mode = fs::status(folder_ / "epochs").permissions();
  EXPECT_EQ(mode & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

}  // namespace
}  // namespace labrec::mailbox
