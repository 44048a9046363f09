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

#include "absl/strings/str_split.h"

#include "hsm/base/file.h"
#include "tests/support/temporary_folder.h"
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
