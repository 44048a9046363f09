#include "recovery/server/watch/account_log.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/process/temporary_folder.h"
#include "tests/unit/recovery/server/test_tokens.h"

namespace labrec::recovery {
namespace {

class AccountLogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = AuditLog::Open(path_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    audit_ = *std::move(opened);
  }
  // The events, in their order, once all that waits is written.
  std::vector<std::string> Events() {
    audit_.reset();
    std::vector<std::string> events;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      events.push_back(nlohmann::json::parse(line)["event"].get<std::string>());
    }
    return events;
  }

  labrec::test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "audit.log";
  test::FixedClock clock_;
  std::unique_ptr<AuditLog> audit_;
  Metrics metrics_;
  const Caller alice_{"chat", "alice"};
  std::atomic<int> heard_ = 0;
  const AccountLog::Then then_ = [this] { ++heard_; };
};

TEST_F(AccountLogTest, WhatChangedNothingLeavesNoLine) {
  AccountLog log(*audit_, metrics_);
  for (const bool changed : {true, false, false}) {
    log.DeviceEnrolled(alice_, {DeviceId{1}, changed}, then_);
    log.DeviceRevoked(alice_, DeviceId{1}, Ok{changed}, then_);
    log.VersionRegistered(alice_, "default", 1, Ok{changed}, then_);
    log.VersionActivated(alice_, "default", 1, Ok{changed}, then_);
    log.RecordDeleted(alice_, "default", Ok{changed}, then_);
  }
  EXPECT_EQ(Events(), (std::vector<std::string>{"device_enrolled", "device_revoked", "version_registered",
                                                "version_activated", "record_deleted"}));
  EXPECT_EQ(heard_, 15) << "every call goes on";
}

TEST_F(AccountLogTest, ADestroyedRecordIsNewsOnce) {
  AccountLog log(*audit_, metrics_);
  for (const bool just_now : {true, false, false}) log.RecordDestroyed(alice_, "a", {just_now}, then_);
  for (int i = 0; i < 3; ++i) log.RecordDestroyed(alice_, "b", {false}, then_);  // of an earlier run
  EXPECT_EQ(Events().size(), 2U);
  EXPECT_EQ(heard_, 6);
}

// However many there are, asking again adds nothing.
TEST_F(AccountLogTest, AsManyDestroyedRecordsAsThereCanBeAreNewsOnce) {
  constexpr int kRecords = 70'000;
  audit_.reset();
  auto roomy = AuditLog::Open(path_, clock_, 4 * kRecords);
  ASSERT_TRUE(roomy.ok()) << roomy.status();
  audit_ = *std::move(roomy);
  AccountLog log(*audit_, metrics_);
  const auto written = [this] {
    const std::string text = metrics_.Text();
    return text.substr(text.find("\nlabyrinth_records_destroyed_total"));
  };
  for (int i = 0; i < kRecords; ++i) log.RecordDestroyed(alice_, std::to_string(i), {false}, then_);
  const std::string once = written();
  for (int i = 0; i < kRecords; ++i) log.RecordDestroyed(alice_, std::to_string(i), {false}, then_);
  EXPECT_EQ(written(), once);
}

}  // namespace
}  // namespace labrec::recovery
