// Which commands a commit sends, and what each look in it is for (docs/ledger.md, "A commit's commands").
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm2/freshness_anchor.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/realm/loaded_realm.h"
#include "hsm/tpm2/realm/state.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::hsm::tpm2 {
namespace {

using contract::OnceAvailable;
using test::TpmProxy;
using testing::ElementsAre;
using Fate = TpmProxy::Fate;

// An anchor that has claimed and committed once, on a TPM whose bus the test sees.
class TpmCommit : public testing::Test {
 protected:
  void SetUp() override {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
    auto provisioned = dut_->Provision({}, ToBytes("contract-realm-1"));
    ASSERT_TRUE(provisioned.ok()) << provisioned.status();
    provisioned_ = *std::move(provisioned);
    auto state = ReadState(provisioned_);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto proxy = TpmProxy::Start(dut_->tpm().socket(),
                                 [this](const TpmProxy::Command& command) { return Judge(command); });
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
    auto realm = Load({});
    ASSERT_TRUE(realm.ok()) << realm.status();
    connection_ = std::make_unique<Connection>(
        *std::move(realm), [this](const std::vector<SavedWrite>& saved) { return Load(saved); });
  }

  void ClaimAndCommit(std::chrono::steady_clock::duration watch) {
    anchor_ = std::make_unique<TpmFreshnessAnchor>(*connection_, state_.realm_id, watch);
    ASSERT_TRUE(anchor_->Claim().ok());
    CommitNext();
  }
  // Once nobody's commands can be on their way any more.
  void AfterTheFirstMinute() { ClaimAndCommit(std::chrono::seconds(0)); }
  void InTheFirstMinute() { ClaimAndCommit(TpmFreshnessAnchor::kWatch); }

  void PrepareNext() {
    epoch_ = *anchor_->CurrentEpoch() + 1;
    const auto evidence = anchor_->Prepare(epoch_, Sha256("state"));
    ASSERT_TRUE(evidence.ok()) << evidence.status();
  }
  void CommitNext() {
    PrepareNext();
    const absl::Status committed = anchor_->Commit(epoch_);
    ASSERT_TRUE(committed.ok()) << committed;
  }
  uint64_t Epoch() {
    uint64_t epoch = 0;
    const absl::Status read = OnceAvailable([&] {
      const auto current = anchor_->CurrentEpoch();
      epoch = current.value_or(0);
      return current.status();
    });
    EXPECT_TRUE(read.ok()) << read;
    return epoch;
  }
  // What a process does that looked at its claim, was held up, and lost it: it counts.
  void SomebodyElseCounts() {
    const absl::Status counted = connection_->Run(OnLoss::kRepeat, [](LoadedRealm& realm) {
      return IncrementCounter(*realm.context, *realm.session, realm.anchor->counter);
    });
    ASSERT_TRUE(counted.ok()) << counted;
  }

  // The next command of this name, after `skip` others of it: `deed` is done, from the proxy's thread, and
  // then it suffers `fate`.
  void Disturb(std::string name, Fate fate, std::function<void()> deed = nullptr, int skip = 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    name_ = std::move(name);
    fate_ = fate;
    deed_ = std::move(deed);
    skip_ = skip;
  }
  std::vector<std::string> Sent(const std::function<void()>& call) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      sent_.clear();
    }
    call();
    const std::lock_guard<std::mutex> lock(mutex_);
    return sent_;
  }

  std::unique_ptr<contract::SwtpmDevice> dut_;
  DeviceState provisioned_;
  RealmState state_;
  // Of the proxy's thread too, which ends with it: so these come first.
  std::mutex mutex_;
  std::vector<std::string> sent_;
  std::string name_;
  Fate fate_ = Fate::kForward;
  std::function<void()> deed_;
  int skip_ = 0;
  std::unique_ptr<TpmProxy> proxy_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<TpmFreshnessAnchor> anchor_;
  uint64_t epoch_ = 0;

 private:
  absl::StatusOr<std::unique_ptr<LoadedRealm>> Load(const std::vector<SavedWrite>& saved) {
    return LoadRealm(proxy_->tcti(), state_, dut_->authorization(), {}, saved);
  }

  std::string NameOf(const TpmProxy::Command& command) const {
    const auto index = [&] { return Reader(ByteView(command.bytes).subspan(14)).U32(); };
    const auto which = [&] {
      return std::string(index() == state_.anchor->counter.index ? "counter" : "claim");
    };
    switch (command.code) {
      case TPM2_CC_HMAC:
        return "mac";
      case TPM2_CC_NV_Increment:
        return "increment";
      case TPM2_CC_NV_Read:
        return which();
      default:
        return "other";
    }
  }

  Fate Judge(const TpmProxy::Command& command) {
    const std::string name = NameOf(command);
    std::function<void()> deed;
    Fate fate = Fate::kForward;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      sent_.push_back(name);
      if (name == name_ && skip_-- == 0) {
        name_.clear();
        deed = std::exchange(deed_, nullptr);
        fate = fate_;
      }
    }
    if (deed) deed();
    return fate;
  }
};

TEST_F(TpmCommit, IsFiveCommands) {
  AfterTheFirstMinute();
  const uint64_t next = Epoch() + 1;
  EXPECT_THAT(Sent([&] {
                EXPECT_TRUE(anchor_->Prepare(next, Sha256("state")).ok());
                EXPECT_TRUE(anchor_->Commit(next).ok());
              }),
              ElementsAre("mac", "claim", "increment", "counter", "claim"));
}

TEST_F(TpmCommit, LooksAtTheCounterFirstForAMinute) {
  InTheFirstMinute();
  PrepareNext();
  EXPECT_THAT(Sent([&] { EXPECT_TRUE(anchor_->Commit(epoch_).ok()); }),
              ElementsAre("claim", "counter", "increment", "counter", "claim"));
}

// The first commit after a claim may roll forward what another run left, and perhaps has counted.
TEST_F(TpmCommit, TheFirstAfterAClaimLooksAtAllOfIt) {
  AfterTheFirstMinute();
  const uint64_t next = Epoch() + 1;
  ASSERT_TRUE(anchor_->Claim().ok());
  EXPECT_THAT(Sent([&] { EXPECT_TRUE(anchor_->Prepare(next, Sha256("state")).ok()); }),
              ElementsAre("counter", "claim", "mac"));
  EXPECT_THAT(Sent([&] { EXPECT_TRUE(anchor_->Commit(next).ok()); }),
              ElementsAre("claim", "counter", "increment", "counter", "claim"));
}

// Evidence that a superseded run gave away could be stored, and taken up by that run later.
TEST_F(TpmCommit, AClaimLostBeforeTheFirstPrepareIsSeen) {
  AfterTheFirstMinute();
  ASSERT_TRUE(anchor_->Claim().ok());
  ASSERT_TRUE(dut_->CommitElsewhere(provisioned_, 0).ok());
  EXPECT_TRUE(absl::IsDataLoss(anchor_->Prepare(Epoch() + 1, Sha256("state")).status()));
}

// Looked at before counting: both would have to stop if the loser went on.
TEST_F(TpmCommit, WhoLostItsClaimDoesNotCount) {
  AfterTheFirstMinute();
  PrepareNext();
  ASSERT_TRUE(dut_->CommitElsewhere(provisioned_, 0).ok());
  EXPECT_TRUE(absl::IsDataLoss(anchor_->Commit(epoch_)));
  EXPECT_EQ(Epoch(), epoch_ - 1);
}

// Looked at after counting: somebody claims in between, and this commit must not be answered with OK.
TEST_F(TpmCommit, AClaimAfterTheFirstLookIsSeen) {
  AfterTheFirstMinute();
  PrepareNext();
  absl::Status elsewhere = absl::UnknownError("not done");
  Disturb("counter", Fate::kForward, [&] { elsewhere = dut_->CommitElsewhere(provisioned_, 0); });
  const absl::Status committed = anchor_->Commit(epoch_);
  EXPECT_TRUE(elsewhere.ok()) << elsewhere;
  EXPECT_TRUE(absl::IsDataLoss(committed)) << committed;
}

// The chip counted, and nobody heard it: whoever commits again looks before it counts.
TEST_F(TpmCommit, ARepeatDoesNotCountTwice) {
  AfterTheFirstMinute();
  PrepareNext();
  Disturb("increment", Fate::kLoseReply);
  EXPECT_TRUE(absl::IsUnavailable(anchor_->Commit(epoch_)));
  const absl::Status again = OnceAvailable([&] { return anchor_->Commit(epoch_); });
  EXPECT_TRUE(again.ok()) << again;
  EXPECT_EQ(Epoch(), epoch_);
}

TEST_F(TpmCommit, ARepeatDoesNotCountTwiceWhereTheLastLookWasLost) {
  AfterTheFirstMinute();
  PrepareNext();
  Disturb("claim", Fate::kLoseReply, nullptr, 1);
  EXPECT_TRUE(absl::IsUnavailable(anchor_->Commit(epoch_)));
  const absl::Status again = OnceAvailable([&] { return anchor_->Commit(epoch_); });
  EXPECT_TRUE(again.ok()) << again;
  EXPECT_EQ(Epoch(), epoch_);
}

TEST_F(TpmCommit, WhoCountsLateInTheFirstMinuteHarmsNobody) {
  InTheFirstMinute();
  PrepareNext();
  SomebodyElseCounts();
  const absl::Status committed = anchor_->Commit(epoch_);
  EXPECT_TRUE(committed.ok()) << committed;
  EXPECT_EQ(Epoch(), epoch_);
}

TEST_F(TpmCommit, LooksAtTheCounterFirstOverANewConnection) {
  AfterTheFirstMinute();
  PrepareNext();
  ASSERT_TRUE(dut_->tpm().Restart().ok());
  SomebodyElseCounts();
  const absl::Status committed = anchor_->Commit(epoch_);
  EXPECT_TRUE(committed.ok()) << committed;
  EXPECT_EQ(Epoch(), epoch_);
  CommitNext();
  const uint64_t next = Epoch() + 1;
  EXPECT_EQ(Sent([&] {
              EXPECT_TRUE(anchor_->Prepare(next, Sha256("state")).ok());
              EXPECT_TRUE(anchor_->Commit(next).ok());
            }).size(),
            5U);
}

// Looked at after counting: this TPM says that it counted, and after a power cut it has not.
TEST_F(TpmCommit, ACountThatTheTpmDidNotKeepIsFound) {
  AfterTheFirstMinute();
  PrepareNext();
  const test::TemporaryFolder kept;
  const auto options =
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy(dut_->tpm().StateDir(), kept.path(), options);
  absl::Status restarted = absl::UnknownError("not done");
  Disturb("counter", Fate::kForward, [&] {
    dut_->tpm().Kill();
    std::filesystem::copy(kept.path(), dut_->tpm().StateDir(), options);
    restarted = dut_->tpm().Restart();
  });
  const absl::Status committed = anchor_->Commit(epoch_);
  EXPECT_TRUE(restarted.ok()) << restarted;
  EXPECT_TRUE(absl::IsDataLoss(committed)) << committed;
  EXPECT_EQ(Epoch(), epoch_ - 1);
}

}  // namespace
}  // namespace labrec::hsm::tpm2
