#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

// A state of the ledger with the evidence for it.
struct Head {
  uint64_t epoch = 0;
  Digest digest{};
  Bytes evidence;
};

uint64_t EpochOf(Device& device) {
  const absl::StatusOr<uint64_t> epoch = device.freshness_anchor()->CurrentEpoch();
  EXPECT_TRUE(epoch.ok()) << epoch.status();
  return epoch.value_or(0);
}

Head Prepare(Device& device, std::string_view content) {
  Head head{EpochOf(device) + 1, Sha256(content), {}};
  const absl::StatusOr<Bytes> evidence = device.freshness_anchor()->Prepare(head.epoch, head.digest);
  EXPECT_TRUE(evidence.ok()) << evidence.status();
  if (evidence.ok()) head.evidence = *evidence;
  return head;
}

Head PrepareAndCommit(Device& device, std::string_view content) {
  const Head head = Prepare(device, content);
  const absl::Status committed = device.freshness_anchor()->Commit(head.epoch);
  EXPECT_TRUE(committed.ok()) << committed;
  return head;
}

Freshness Judge(Device& device, const Head& head) {
  const auto report = device.freshness_anchor()->Check(head.epoch, head.digest, head.evidence);
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return Freshness::kForged;
  EXPECT_EQ(report->device_epoch, EpochOf(device));
  return report->freshness;
}

TEST_P(FreshnessAnchorContract, AStateIsAheadThenFreshThenStale) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const uint64_t start = EpochOf(*device);
  const Head first = Prepare(*device, "first");
  EXPECT_EQ(first.epoch, start + 1);
  EXPECT_LE(first.evidence.size(), 256U);
  EXPECT_EQ(Judge(*device, first), Freshness::kOneAhead);
  ASSERT_TRUE(device->freshness_anchor()->Commit(first.epoch).ok());
  EXPECT_EQ(EpochOf(*device), start + 1);
  EXPECT_EQ(Judge(*device, first), Freshness::kFresh);
  const Head second = PrepareAndCommit(*device, "second");
  EXPECT_EQ(Judge(*device, second), Freshness::kFresh);
  EXPECT_EQ(Judge(*device, Head{first}), Freshness::kStale);
}

TEST_P(FreshnessAnchorContract, HoldsOverReopening) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head old = PrepareAndCommit(*device, "old");
  const Head current = PrepareAndCommit(*device, "current");
  Head ahead = Prepare(*device, "ahead");
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(Judge(*device, old), Freshness::kStale);
  EXPECT_EQ(Judge(*device, current), Freshness::kFresh);
  EXPECT_EQ(Judge(*device, ahead), Freshness::kOneAhead);
  // What a starting ledger does with a durable state that was not anchored:
  ahead = Prepare(*device, "ahead");
  ASSERT_TRUE(device->freshness_anchor()->Commit(ahead.epoch).ok());
  EXPECT_EQ(Judge(*device, ahead), Freshness::kFresh);
  EXPECT_EQ(Judge(*device, current), Freshness::kStale);
}

// A start that takes a state over is killed before or after storage has the new evidence, again and again.
TEST_P(FreshnessAnchorContract, AStateFoundAheadKeepsItsEvidenceUntilItIsCommitted) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head first = Prepare(*device, "ahead");
  Head second;
  for (int start = 0; start < 3; ++start) {
    device.reset();
    device = Reopen();
    ASSERT_NE(device, nullptr);
    ASSERT_EQ(Judge(*device, first), Freshness::kOneAhead) << start;
    second = Prepare(*device, "ahead");
    EXPECT_EQ(Judge(*device, second), Freshness::kOneAhead);
    EXPECT_EQ(Judge(*device, first), Freshness::kOneAhead);
  }
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  ASSERT_EQ(Judge(*device, second), Freshness::kOneAhead);
  const Head third = Prepare(*device, "ahead");
  EXPECT_EQ(Judge(*device, second), Freshness::kOneAhead);
  ASSERT_TRUE(device->freshness_anchor()->Commit(third.epoch).ok());
  EXPECT_EQ(Judge(*device, third), Freshness::kFresh);
}

TEST_P(FreshnessAnchorContract, EveryBitOfTheEvidenceCounts) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  Head head = PrepareAndCommit(*device, "state");
  for (size_t bit = 0; bit < head.evidence.size() * 8; ++bit) {
    head.evidence[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    ASSERT_EQ(Judge(*device, head), Freshness::kForged) << "bit " << bit;
    head.evidence[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
  }
  EXPECT_EQ(Judge(*device, head), Freshness::kFresh);
}

TEST_P(FreshnessAnchorContract, EvidenceOfAnotherLengthIsForged) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head head = PrepareAndCommit(*device, "state");
  for (size_t size = 0; size < head.evidence.size(); ++size) {
    Head cut = head;
    cut.evidence.resize(size);
    ASSERT_EQ(Judge(*device, cut), Freshness::kForged) << size;
  }
  Head longer = head;
  longer.evidence.push_back(0);
  EXPECT_EQ(Judge(*device, longer), Freshness::kForged);
}

TEST_P(FreshnessAnchorContract, EvidenceIsBoundToDigestAndEpoch) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head first = PrepareAndCommit(*device, "first");
  const Head second = PrepareAndCommit(*device, "second");
  for (size_t i = 0; i < second.digest.size(); ++i) {
    Head edited = second;
    edited.digest[i] ^= 0x01;
    ASSERT_EQ(Judge(*device, edited), Freshness::kForged) << "byte " << i;
  }
  EXPECT_EQ(Judge(*device, Head{second.epoch, first.digest, first.evidence}), Freshness::kForged);
  EXPECT_EQ(Judge(*device, Head{second.epoch + 1, second.digest, second.evidence}), Freshness::kForged);
}

TEST_P(FreshnessAnchorContract, TwoStatesOfOneEpochHaveTheirOwnEvidence) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head a = Prepare(*device, "a");
  const Head b = Prepare(*device, "b");
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(Judge(*device, Head{a.epoch, a.digest, b.evidence}), Freshness::kForged);
  EXPECT_EQ(Judge(*device, b), Freshness::kOneAhead);
  // Some devices forget what was prepared before, others leave that to the ledger.
  EXPECT_THAT(Judge(*device, a), testing::AnyOf(Freshness::kOneAhead, Freshness::kForged));
}

TEST_P(FreshnessAnchorContract, OnlyTheNextEpochCanBePrepared) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head head = PrepareAndCommit(*device, "state");
  const Digest digest = Sha256("other");
  for (const uint64_t wrong : {uint64_t{0}, head.epoch - 1, head.epoch, head.epoch + 2, ~uint64_t{0}}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(device->freshness_anchor()->Prepare(wrong, digest).status()))
        << wrong;
  }
  EXPECT_EQ(Judge(*device, head), Freshness::kFresh);
}

TEST_P(FreshnessAnchorContract, CommitTwiceIsCommitOnce) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const uint64_t writes = device->freshness_anchor()->wear().commits;
  const Head head = PrepareAndCommit(*device, "state");
  EXPECT_GT(device->freshness_anchor()->wear().commits, writes);
  const uint64_t after = device->freshness_anchor()->wear().commits;
  EXPECT_TRUE(device->freshness_anchor()->Commit(head.epoch).ok());
  EXPECT_EQ(EpochOf(*device), head.epoch);
  EXPECT_EQ(device->freshness_anchor()->wear().commits, after);
  EXPECT_FALSE(device->freshness_anchor()->wear().kind.empty());
}

TEST_P(FreshnessAnchorContract, CommitOfAnyOtherEpochIsRefused) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head head = PrepareAndCommit(*device, "state");
  for (const uint64_t wrong :
       {uint64_t{0}, head.epoch - 1, head.epoch + 2, head.epoch + 1000, ~uint64_t{0}}) {
    EXPECT_TRUE(absl::IsDataLoss(device->freshness_anchor()->Commit(wrong))) << wrong;
  }
  EXPECT_EQ(EpochOf(*device), head.epoch);
  EXPECT_EQ(Judge(*device, head), Freshness::kFresh);
}

// A copy of the service ran elsewhere and went on: this one must not go on too.
TEST_P(FreshnessAnchorContract, SomebodyElsesCommitsAreNoticed) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head mine = Prepare(*device, "mine");
  ASSERT_TRUE(dut_->CommitElsewhere(state_, 2).ok());
  EXPECT_TRUE(absl::IsDataLoss(device->freshness_anchor()->Commit(mine.epoch)));
  EXPECT_EQ(Judge(*device, mine), Freshness::kStale);
  EXPECT_EQ(EpochOf(*device), mine.epoch + 1);
}

// 1. two services prepare different states for one epoch; 2. the other commits; 3. this one finds the device
// at the very epoch it wants, and must not take that for its own doing.
TEST_P(FreshnessAnchorContract, SomebodyElsesCommitOfTheSameEpochIsNoticed) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head mine = Prepare(*device, "mine");
  ASSERT_TRUE(dut_->CommitElsewhere(state_, 1).ok());
  EXPECT_TRUE(absl::IsDataLoss(device->freshness_anchor()->Commit(mine.epoch)));
  EXPECT_EQ(EpochOf(*device), mine.epoch);
}

TEST_P(FreshnessAnchorContract, NothingIsPreparedOrCommittedWithoutAClaim) {
  const auto device = ContractTest::ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  FreshnessAnchor& anchor = *device->freshness_anchor();
  const uint64_t epoch = EpochOf(*device);
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor.Prepare(epoch + 1, Sha256("state")).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor.Commit(epoch + 1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor.Commit(epoch)));
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor.CheckClaim()));
  EXPECT_EQ(EpochOf(*device), epoch);
}

TEST_P(FreshnessAnchorContract, ALaterClaimEndsAnEarlierOne) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  FreshnessAnchor& anchor = *device->freshness_anchor();
  const Head mine = Prepare(*device, "mine");
  EXPECT_TRUE(anchor.CheckClaim().ok());
  ASSERT_TRUE(dut_->CommitElsewhere(state_, 0).ok());
  EXPECT_TRUE(absl::IsDataLoss(anchor.CheckClaim()));
  EXPECT_TRUE(absl::IsDataLoss(anchor.Commit(mine.epoch)));
  const uint64_t epoch = EpochOf(*device);
  EXPECT_TRUE(absl::IsDataLoss(anchor.Prepare(epoch + 1, mine.digest).status()));
  EXPECT_TRUE(absl::IsDataLoss(anchor.Commit(epoch)));
  // It may take the anchor back, and then starts over.
  ASSERT_TRUE(anchor.Claim().ok());
  const Head again = PrepareAndCommit(*device, "again");
  EXPECT_EQ(Judge(*device, again), Freshness::kFresh);
}

TEST_P(FreshnessAnchorContract, ALostClaimHarmsNobody) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head mine = Prepare(*device, "mine");
  ASSERT_TRUE(dut_->CommitElsewhere(state_, 0).ok());
  EXPECT_TRUE(absl::IsDataLoss(device->freshness_anchor()->Commit(mine.epoch)));
  EXPECT_EQ(EpochOf(*device), mine.epoch - 1);
}

TEST_P(FreshnessAnchorContract, AClaimSurvivesAPowerCut) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head mine = Prepare(*device, "mine");
  ASSERT_TRUE(dut_->CommitElsewhere(state_, 0).ok());
  dut_->Break();
  dut_->Repair();
  EXPECT_TRUE(
      absl::IsDataLoss(OnceAvailable([&] { return device->freshness_anchor()->Commit(mine.epoch); })));
  EXPECT_EQ(EpochOf(*device), mine.epoch - 1);
}

TEST_P(FreshnessAnchorContract, EvidenceOfAnotherRealmIsForged) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head head = Prepare(*device, "state");
  device.reset();
  const auto other = dut_->Provision(DeviceRoles{}, ToBytes("contract-realm-2"));
  ASSERT_TRUE(other.ok()) << other.status();
  const auto second = dut_->Open(*other);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Judge(**second, head), Freshness::kForged);
}

TEST_P(FreshnessAnchorContract, SurvivesAPowerCut) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const Head old = PrepareAndCommit(*device, "old");
  const Head head = PrepareAndCommit(*device, "state");
  dut_->Break();
  EXPECT_TRUE(absl::IsUnavailable(device->freshness_anchor()->CurrentEpoch().status()));
  EXPECT_TRUE(absl::IsUnavailable(device->freshness_anchor()->Prepare(head.epoch + 1, head.digest).status()));
  EXPECT_TRUE(absl::IsUnavailable(device->freshness_anchor()->Commit(head.epoch + 1)));
  EXPECT_TRUE(absl::IsUnavailable(device->freshness_anchor()->CheckClaim()));
  EXPECT_TRUE(absl::IsUnavailable(
      device->freshness_anchor()->Check(head.epoch, head.digest, head.evidence).status()));
  dut_->Repair();
  const absl::Status back =
      OnceAvailable([&] { return device->freshness_anchor()->CurrentEpoch().status(); });
  ASSERT_TRUE(back.ok()) << back;
  EXPECT_EQ(EpochOf(*device), head.epoch);  // nothing moved
  EXPECT_EQ(Judge(*device, head), Freshness::kFresh);
  EXPECT_EQ(Judge(*device, old), Freshness::kStale);
  const Head next = PrepareAndCommit(*device, "next");
  EXPECT_EQ(Judge(*device, next), Freshness::kFresh);
}

TEST_P(FreshnessAnchorContract, WorksWithoutTheKeys) {
  auto device = ProvisionAndOpen(DeviceRoles{.keys = false, .anchor = true});
  ASSERT_NE(device, nullptr);
  const Head head = PrepareAndCommit(*device, "state");
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(Judge(*device, head), Freshness::kFresh);
}

}  // namespace
}  // namespace labrec::hsm::contract
