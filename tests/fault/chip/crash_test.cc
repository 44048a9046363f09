// The daemon killed between any two TPM commands of a registration and of a recovery of a chip-enforced
// record, on a real swtpm: after a start nothing that was acknowledged is lost, no index is left that no
// record names, and nobody has a guess more.
//
// Every LABREC_CRASH_STEP-th command (default 5) is a point of death, so that the test takes a minute or two;
// LABREC_CRASH_STEP=1 takes each.
#include <atomic>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/delete_record.h"
#include "tests/fault/chip/points.h"
#include "tests/support/process/other_process.h"
#include "tests/support/realm/chip_realm.h"

namespace labrec::test {
namespace {

using recovery::client::RealmCondition;

constexpr uint32_t kLimit = 3;

class ChipCrash : public testing::Test {
 protected:
  void MakeRealm(ChipRealm::Options options) {
    options.judge = [this](const TpmProxy::Command&) { return Judge(); };
    auto made = ChipRealm::Make(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    Start();
  }

  void Start() {
    left_ = -1;
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // The daemon dies when `commands` more have gone by.
  void DieAfter(int commands) {
    died_ = false;
    left_ = commands;
  }
  TpmProxy::Fate Judge() {
    const int left = left_;
    if (left < 0 || left_-- > 0) return TpmProxy::Fate::kForward;
    died_ = true;
    KillFromAside(realm_->fixture().DaemonPid());
    return TpmProxy::Fate::kLoseCommand;
  }
  // Whether it died; then it is started again.
  bool RiseIfDead() {
    left_ = -1;
    if (!died_) return false;
    EXPECT_TRUE(realm_->fixture().daemon().Wait(std::chrono::seconds(20)).ok());
    Start();
    return true;
  }

  ChipRealm::Account NewAccount(const std::string& name) {
    auto account = realm_->NewAccount(name);
    EXPECT_TRUE(account.ok()) << account.status();
    return account.ok() ? *std::move(account) : ChipRealm::Account();
  }
  std::string Try(const ChipRealm::Account& account, std::string_view pin) {
    return ChipRealm::Try(account, pin);
  }
  void ExpectUsed(int wanted) {
    EXPECT_EQ(realm_->UsedAfterAll(wanted), wanted) << "indices are left behind, or one is missing";
  }

  std::unique_ptr<ChipRealm> realm_;
  std::atomic<int> left_ = -1;
  std::atomic<bool> died_ = false;
};

TEST_F(ChipCrash, InARegistration) {
  MakeRealm({});
  int records = 0;
  bool died = true;
  for (int point = 0; died; point += PointStep()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    ChipRealm::Account account = NewAccount("seal" + std::to_string(point));
    ASSERT_FALSE(HasFailure());
    DieAfter(point);
    const auto sealed = realm_->Seal(account, kLimit);
    died = RiseIfDead();
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    if (!sealed.ok()) {
      ASSERT_TRUE(died) << sealed.status();
      const auto again = realm_->Seal(account, kLimit);
      ASSERT_TRUE(again.ok()) << again.status();
    }
    ++records;
    EXPECT_EQ(Try(account, "1234"), "right");
    ExpectUsed(records);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(records, 20 / PointStep());
}

// A chip with room for one index, which an abandoned registration of the account holds.
TEST_F(ChipCrash, InARegistrationThatTakesAnAbandonedOnesRoom) {
  ChipRealm::Options options;
  options.counted_indices = 2;
  options.limits = "chip_registrations_per_account = 1\n";
  MakeRealm(std::move(options));
  int point = 0;
  for (bool died = true; died; point += PointStep()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    ChipRealm::Account account = NewAccount("room" + std::to_string(point));
    ASSERT_FALSE(HasFailure());
    ASSERT_TRUE(realm_->Abandon(account, "another").ok());
    ASSERT_EQ(realm_->Status()["chip"]["free_handles"], 0);
    DieAfter(point);
    const auto sealed = realm_->Seal(account, kLimit);
    died = RiseIfDead();
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    ASSERT_TRUE(sealed.ok() || died) << sealed.status();
    // Once it is registered, though its client was not told, another version of it would need more room.
    if (!sealed.ok() && Try(account, "1234") != "right") {
      const auto again = realm_->Seal(account, kLimit);
      ASSERT_TRUE(again.ok()) << again.status();
    }
    EXPECT_EQ(Try(account, "1234"), "right");
    ExpectUsed(1);
    for (const auto& report : DeleteRecord(*account.realms, "default", account.device)) {
      EXPECT_EQ(report.condition, RealmCondition::kGood) << report.error;
    }
    ExpectUsed(0);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, 20);
}

TEST_F(ChipCrash, InAWrongGuess) {
  MakeRealm({});
  int point = 0;
  for (bool died = true; died; point += PointStep()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    ChipRealm::Account account = NewAccount("guess" + std::to_string(point));
    ASSERT_FALSE(HasFailure());
    ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
    DieAfter(point);
    const int answered = Try(account, "0000") == "wrong" ? 1 : 0;
    died = RiseIfDead();
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    int more = 0;
    while (more <= static_cast<int>(kLimit) && Try(account, "000" + std::to_string(more)) == "wrong") ++more;
    EXPECT_LE(answered + more, static_cast<int>(kLimit)) << "a guess was gained";
    EXPECT_GE(more, static_cast<int>(kLimit) - 1) << "more than the one guess was lost";
    EXPECT_EQ(Try(account, "1234"), "gone");
    ExpectUsed(0);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, PointStep());
}

TEST_F(ChipCrash, InARecovery) {
  MakeRealm({});
  ChipRealm::Account account = NewAccount("alice");
  ASSERT_TRUE(realm_->Seal(account, kLimit).ok());
  int point = 0;
  for (bool died = true; died; point += PointStep()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    DieAfter(point);
    const std::string first = Try(account, "1234");
    died = RiseIfDead();
    if (!died) {
      EXPECT_EQ(first, "right");
    }
    ASSERT_TRUE(realm_->Reconnect(account).ok());
    EXPECT_EQ(Try(account, "1234"), "right");  // and refills the chip
    EXPECT_EQ(Try(account, "0000"), "wrong");
    EXPECT_EQ(Try(account, "1234"), "right");
    ExpectUsed(1);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, PointStep());
  for (uint32_t i = 0; i < kLimit; ++i) EXPECT_EQ(Try(account, "000" + std::to_string(i)), "wrong");
  EXPECT_EQ(Try(account, "1234"), "gone");
}

}  // namespace
}  // namespace labrec::test
