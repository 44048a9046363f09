// The connection to the TPM broken at any command of a registration and of a recovery of a chip-enforced
// record, before the TPM saw the command or before its answer came; the daemon lives on. Nothing that was
// acknowledged is lost, nobody has a guess more, and no index is left that no record names, all without a
// restart.
//
// Every LABREC_CRASH_STEP-th command (default 5) is a point, as in crash_test.cc.
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/recover.h"
#include "tests/fault/chip/points.h"
#include "tests/support/process/eventually.h"
#include "tests/support/realm/chip_realm.h"

namespace labrec::test {
namespace {

constexpr uint32_t kLimit = 3;

class ChipOutage : public testing::TestWithParam<TpmProxy::Fate> {
 protected:
  void SetUp() override {
    ChipRealm::Options options;
    options.judge = [this](const TpmProxy::Command& command) { return Judge(command); };
    auto made = ChipRealm::Make(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    daemon_ = realm_->fixture().DaemonPid();
  }
  void TearDown() override {
    if (realm_ == nullptr) return;
    EXPECT_TRUE(realm_->fixture().daemon().Running());
    EXPECT_EQ(realm_->fixture().DaemonPid(), daemon_) << "it was to live through all of it";
  }

  // The connection breaks when `commands` more have gone by.
  void BreakAfter(int commands) {
    broke_ = false;
    left_ = commands;
  }
  // The connection breaks once, at the next command of which this is true.
  void BreakAt(std::function<bool(const TpmProxy::Command&)> which) {
    const std::lock_guard lock(mutex_);
    broke_ = false;
    which_ = std::move(which);
  }
  TpmProxy::Fate Judge(const TpmProxy::Command& command) {
    const std::lock_guard lock(mutex_);
    if (which_ && which_(command)) {
      which_ = nullptr;
      broke_ = true;
      return GetParam();
    }
    const int left = left_;
    if (left < 0 || left_-- > 0) return TpmProxy::Fate::kForward;
    broke_ = true;
    return GetParam();
  }
  // Whether it broke; then the realm serves again when this returns.
  bool ServesAgain() {
    left_ = -1;
    EXPECT_TRUE(Eventually([&] { return realm_->Status().value("serving", false); }))
        << "the realm does not serve again";
    return broke_;
  }
  // True for what comes `after` commands after a write's session was saved to wait for its client.
  static std::function<bool(const TpmProxy::Command&)> AfterAWriteBegan(int after) {
    return [after, left = -1](const TpmProxy::Command& command) mutable {
      if (left < 0 && IsSaveOfPolicySession(command)) left = after;
      return left >= 0 && left-- == 0;
    };
  }
  // TPM2_ContextSave (part 3, section 28.2) of a handle of type TPM_HT_POLICY_SESSION.
  static bool IsSaveOfPolicySession(const TpmProxy::Command& command) {
    return command.code == 0x162 && command.bytes.size() > 10 && command.bytes[10] == 0x03;
  }
  ChipRealm::Account NewAccount(const std::string& name) {
    auto account = realm_->NewAccount(name);
    EXPECT_TRUE(account.ok()) << account.status();
    return account.ok() ? *std::move(account) : ChipRealm::Account();
  }
  void ExpectUsed(int wanted) {
    EXPECT_EQ(realm_->UsedAfterAll(wanted), wanted) << "indices are left behind, or one is missing";
  }

  std::unique_ptr<ChipRealm> realm_;
  pid_t daemon_ = 0;
  std::mutex mutex_;
  std::function<bool(const TpmProxy::Command&)> which_;
  std::atomic<int> left_ = -1;
  std::atomic<bool> broke_ = false;
};
INSTANTIATE_TEST_SUITE_P(Lost, ChipOutage,
                         testing::Values(TpmProxy::Fate::kLoseCommand, TpmProxy::Fate::kLoseReply),
                         [](const auto& fate) {
                           return std::string(fate.param == TpmProxy::Fate::kLoseCommand ? "Command"
                                                                                         : "Reply");
                         });

TEST_P(ChipOutage, InARegistration) {
  int records = 0;
  bool broke = true;
  for (int point = 0; broke; point += PointStep()) {
    SCOPED_TRACE("broken at TPM command " + std::to_string(point));
    ChipRealm::Account account = NewAccount("seal" + std::to_string(point));
    ASSERT_FALSE(HasFailure());
    BreakAfter(point);
    const auto sealed = realm_->Seal(account, kLimit);
    broke = ServesAgain();
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    if (!sealed.ok()) {
      ASSERT_TRUE(broke) << sealed.status();
      const auto again = realm_->Seal(account, kLimit);
      ASSERT_TRUE(again.ok()) << again.status();
    }
    ++records;
    EXPECT_EQ(ChipRealm::Try(account, "1234"), "right");
    ExpectUsed(records);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(records, 20 / PointStep());
}

TEST_P(ChipOutage, InAWrongGuess) {
  int point = 0;
  for (bool broke = true; broke; point += PointStep()) {
    SCOPED_TRACE("broken at TPM command " + std::to_string(point));
    ChipRealm::Account account = NewAccount("guess" + std::to_string(point));
    ASSERT_FALSE(HasFailure());
    ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
    BreakAfter(point);
    const int answered = ChipRealm::Try(account, "0000") == "wrong" ? 1 : 0;
    broke = ServesAgain();
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    int more = 0;
    while (more <= static_cast<int>(kLimit) &&
           ChipRealm::Try(account, "000" + std::to_string(more)) == "wrong") {
      ++more;
    }
    EXPECT_LE(answered + more, static_cast<int>(kLimit)) << "a guess was gained";
    EXPECT_GE(more, static_cast<int>(kLimit) - 1) << "more than the one guess was lost";
    EXPECT_EQ(ChipRealm::Try(account, "1234"), "gone");
    ExpectUsed(0);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, PointStep());
}

TEST_P(ChipOutage, InARecovery) {
  ChipRealm::Account account = NewAccount("alice");
  ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
  int point = 0;
  for (bool broke = true; broke; point += PointStep()) {
    SCOPED_TRACE("broken at TPM command " + std::to_string(point));
    BreakAfter(point);
    const std::string first = ChipRealm::Try(account, "1234");
    broke = ServesAgain();
    if (!broke) {
      EXPECT_EQ(first, "right");
    }
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    EXPECT_EQ(ChipRealm::Try(account, "1234"), "right");  // and refills the chip
    EXPECT_EQ(ChipRealm::Try(account, "0000"), "wrong");
    EXPECT_EQ(ChipRealm::Try(account, "1234"), "right");
    ExpectUsed(1);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, PointStep());
  for (uint32_t i = 0; i < kLimit; ++i)
    EXPECT_EQ(ChipRealm::Try(account, "000" + std::to_string(i)), "wrong");
  EXPECT_EQ(ChipRealm::Try(account, "1234"), "gone");
}

// In each recovery the connection breaks between the session of the refill and its use: whoever notices it,
// the anchor's look at the claim or the write's own. The session outlives that, and the same signature with
// it.
TEST_P(ChipOutage, BeforeTheWriteOfEachRefill) {
  ChipRealm::Account account = NewAccount("alice");
  ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
  ASSERT_TRUE(realm_->Reconnect(account).ok());
  for (int after = 1; after <= 4; ++after) {
    SCOPED_TRACE("broken at TPM command " + std::to_string(after) + " after the session was saved");
    BreakAt(AfterAWriteBegan(after));
    EXPECT_EQ(ChipRealm::Try(account, "1234"), "right");
    EXPECT_TRUE(ServesAgain());
  }
  for (uint32_t i = 0; i < kLimit; ++i)
    EXPECT_EQ(ChipRealm::Try(account, "000" + std::to_string(i)), "wrong");
  EXPECT_EQ(ChipRealm::Try(account, "1234"), "gone");
}

// The connection breaks at the write itself. Where the chip has made it, the client's repeated call says so.
// Where it has not, its session is gone and the client signs no other: the next success refills.
TEST_P(ChipOutage, AtTheWriteOfARefill) {
  ChipRealm::Account account = NewAccount("alice");
  ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
  ASSERT_TRUE(realm_->Reconnect(account).ok());
  BreakAt([](const TpmProxy::Command& command) { return command.code == 0x137; });  // TPM2_NV_Write
  const auto outcome =
      recovery::client::Recover(*account.realms, {"default", 1}, SecretBytes::CopyOf(AsBytes("1234")));
  EXPECT_TRUE(ServesAgain());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto* recovered = std::get_if<recovery::client::Recovered>(&*outcome);
  ASSERT_NE(recovered, nullptr);
  const recovery::client::RealmReport& report = recovered->reports.at(0);
  const bool written = GetParam() == TpmProxy::Fate::kLoseReply;
  EXPECT_EQ(report.remaining == kLimit, written) << report.error;
  EXPECT_EQ(report.error.ok(), written) << report.error;
  for (uint32_t i = 0; i < (written ? kLimit : kLimit - 1); ++i)
    EXPECT_EQ(ChipRealm::Try(account, "000" + std::to_string(i)), "wrong");
  EXPECT_EQ(ChipRealm::Try(account, "1234"), "gone");
}

}  // namespace
}  // namespace labrec::test
