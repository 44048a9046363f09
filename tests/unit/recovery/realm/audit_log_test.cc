#include "recovery/realm/audit_log.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/realm/audit_chain.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/unit/recovery/server/test_tokens.h"

namespace labrec::recovery {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  std::vector<nlohmann::json> Lines() const {
    std::vector<nlohmann::json> lines;
    const std::string text = ToString(*ReadFile(path_));
    EXPECT_EQ(text.back(), '\n');
    for (const auto& line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      lines.push_back(nlohmann::json::parse(std::string(line)));
    }
    return lines;
  }

  labrec::test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "audit.log";
  test::FixedClock clock_;
};

TEST_F(AuditLogTest, AppendsLines) {
  for (int run = 0; run < 2; ++run) {
    auto log = AuditLog::Open(path_, clock_);
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE(
        (*log)->Append({"e", "a", "t", "with \"quotes\"\nand \xff", "", "d"}, Durability::kSync).ok());
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["time"], "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(lines[1]["event"], "e");
  EXPECT_EQ(lines[1]["detail"], "d");
  EXPECT_FALSE(lines[1].contains("record"));
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(AuditLogTest, ANumberIsAFieldOfItsOwn) {
  auto log = AuditLog::Open(path_, clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Append({"e", "a", "", "", "", "d"}, Durability::kSync).ok());
  ASSERT_TRUE((*log)->Append({"e", "a", "", "", "", "d", 3}, Durability::kSync).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_FALSE(lines[0].contains("discontinuities"));
  EXPECT_EQ(lines[1]["discontinuities"], 3);
}

TEST_F(AuditLogTest, LinesOfManyThreadsStayWhole) {
  auto log = AuditLog::Open(path_, clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) {
        EXPECT_TRUE((*log)->Append({std::string(300, 'x'), "a", "", "", "", ""}, Durability::kBuffered).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Lines().size(), 400U);
}

TEST_F(AuditLogTest, AFullDiskIsAnError) {
  auto log = AuditLog::Open("/dev/full", clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_TRUE(absl::IsUnavailable((*log)->Append({"e", "a", "", "", "", ""}, Durability::kSync)));
}

TEST_F(AuditLogTest, ALinkOrANamedPipeIsNotTaken) {
  ASSERT_EQ(symlink("elsewhere", path_.c_str()), 0);
  EXPECT_FALSE(AuditLog::Open(path_, clock_).ok());
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(AuditLog::Open(path_, clock_).ok()) << "nobody reads from it";
}

TEST_F(AuditLogTest, WhatWaitsIsWrittenAtTheEnd) {
  auto log = AuditLog::Open(path_, clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  std::atomic<int> written = 0;
  for (int i = 0; i < 100; ++i) {
    (*log)->AppendLater({std::to_string(i), "a", "", "", "", ""}, Durability::kSync,
                        [&](const absl::Status& status) { written += status.ok() ? 1 : 0; });
  }
  log->reset();
  EXPECT_EQ(written, 100);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lines[static_cast<size_t>(i)]["event"], std::to_string(i));
}

class AuditFileTest : public AuditLogTest {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    log_.reset();
    auto log = AuditLog::Open(path_, clock_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void Append(const std::string& event) const {
    const absl::Status written = log_->Append({event, "a", "", "", "", ""}, Durability::kSync);
    EXPECT_TRUE(written.ok()) << written;
  }
  // Of these files, in this order.
  AuditChain Chain(const std::vector<std::filesystem::path>& files) const {
    AuditChain chain;
    for (const auto& file : files) {
      const absl::Status read = chain.Read(file);
      EXPECT_TRUE(read.ok()) << read;
    }
    return chain;
  }
  std::string Text() const { return ToString(*ReadFile(path_)); }
  void Write(const std::string& text) const {
    ASSERT_TRUE(WriteFile(path_, AsBytes(text), 0600, Overwrite::kReplace).ok());
  }

  const std::filesystem::path old_ = folder_.path() / "audit.log.1";
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditFileTest, AFileThatIsMovedAwayIsFollowedByANewOne) {
  Append("before");
  std::filesystem::rename(path_, old_);
  Append("after");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U) << Text();
  EXPECT_EQ(lines[0]["event"], kAuditBegins);
  EXPECT_EQ(lines[0]["follows"], Hex(Chain({old_}).head()));
  EXPECT_EQ(lines[1]["event"], "after");
  EXPECT_EQ(Chain({old_, path_}).problem_count(), 0U);
  EXPECT_EQ(Chain({path_}).problem_count(), 0U) << "alone, too";
  EXPECT_GT(Chain({path_, old_}).problem_count(), 0U) << "in another order";
}

TEST_F(AuditFileTest, ReopeningMakesTheFileThoughNothingIsWritten) {
  Append("before");
  std::filesystem::rename(path_, old_);
  log_->Reopen();
  while (!std::filesystem::exists(path_)) std::this_thread::yield();
  log_.reset();
  EXPECT_EQ(Lines().size(), 1U);
}

TEST_F(AuditFileTest, WhatCannotBeWrittenIsRefusedUntilItCan) {
  Append("before");
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(absl::IsUnavailable(log_->Append({"lost", "a", "", "", "", ""}, Durability::kSync)));
  std::filesystem::remove(path_);
  Append("after");
  EXPECT_EQ(Lines().size(), 2U);
}

TEST_F(AuditFileTest, AnEditedMissingOrAddedLineIsNamed) {
  for (const char* event : {"one", "two", "three"}) Append(event);
  const std::string good = Text();
  EXPECT_EQ(Chain({path_}).problem_count(), 0U);
  const std::vector<std::string> lines = absl::StrSplit(good, '\n', absl::SkipEmpty());
  const std::string bad[] = {
      absl::StrReplaceAll(good, {{"\"two\"", "\"owt\""}}),
      absl::StrCat(lines[0], "\n", lines[2], "\n"),
      absl::StrCat(lines[1], "\n", lines[2], "\n"),
      absl::StrCat(lines[1], "\n", lines[0], "\n", lines[2], "\n"),
      absl::StrCat(lines[0], "\n{\"event\":\"mine\"}\n", lines[1], "\n", lines[2], "\n"),
  };
  for (const std::string& text : bad) {
    Write(text);
    EXPECT_GT(Chain({path_}).problem_count(), 0U) << text;
  }
  AuditChain cut, whole;
  Write(good);
  const Digest last = Chain({path_}).head();
  whole.Expect(last);
  ASSERT_TRUE(whole.Read(path_).ok());
  EXPECT_TRUE(whole.met());
  Write(absl::StrCat(lines[0], "\n", lines[1], "\n"));
  cut.Expect(last);
  ASSERT_TRUE(cut.Read(path_).ok());
  EXPECT_EQ(cut.problem_count(), 0U) << "its end is cut off, and what is left hangs together";
  EXPECT_FALSE(cut.met()) << "but for whoever kept the last hash";
}

TEST_F(AuditFileTest, LinesOfAnEarlierReleaseAreInTheChain) {
  const std::string old = "{\"event\":\"old\"}\n{\"event\":\"cut off by a cra";
  Write(old);
  Open();
  Append("new");
  const AuditChain chain = Chain({path_});
  EXPECT_EQ(chain.problem_count(), 0U) << chain.problems().front();
  EXPECT_EQ(chain.lines(), 3U) << "the cut one has an end of its own: " << Text();
  EXPECT_EQ(chain.unchained(), 1U);
  EXPECT_EQ(chain.torn(), 1U);
  Write(absl::StrReplaceAll(Text(), {{"old", "odd"}}));
  EXPECT_EQ(Chain({path_}).problem_count(), 1U);
}

TEST_F(AuditFileTest, ANewFileKeepsTheNumberOfDiscontinuities) {
  ASSERT_TRUE(log_->Append({"anchor_accept_done", "a", "", "", "", "", 3}, Durability::kSync).ok());
  std::filesystem::rename(path_, old_);
  Append("after");
  EXPECT_EQ(Chain({path_}).discontinuities(), 3U);
}

// A disk that takes nothing: a named pipe that is full. Whoever appends goes on all the same, and once there
// are as many lines as there is room for hears so; what waited is written when the disk works again.
TEST_F(AuditLogTest, ASlowDiskHoldsNobodyUpAndHasItsBounds) {
  constexpr int kRoom = 4;
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int filler = open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  const std::string page(4096, '\n');
  while (write(filler, page.data(), page.size()) > 0) {
  }
  auto log = AuditLog::Open(path_, clock_, kRoom);
  ASSERT_TRUE(log.ok()) << log.status();
  std::atomic<int> written = 0, refused = 0;
  const auto append = [&] {
    (*log)->AppendLater({"e", "a", "", "", "", ""}, Durability::kBuffered,
                        [&](const absl::Status& status) { ++(status.ok() ? written : refused); });
  };
  for (int i = 0; i < 3 * kRoom; ++i) append();
  EXPECT_EQ(written, 0);
  EXPECT_GE(refused, kRoom) << "at most one full queue waits, and another is being written";
  std::string text(1U << 16, '\0');
  while (written + refused < 3 * kRoom) {
    if (read(reader, text.data(), text.size()) < 0) std::this_thread::yield();
  }
  log->reset();
  EXPECT_GE(written, kRoom);
  close(reader);
  close(filler);
}

}  // namespace
}  // namespace labrec::recovery
