#include <filesystem>

#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include "hsm/pkcs11/pkcs11_device.h"
#include "tests/fault/pkcs11/anchor_fixture.h"

namespace labrec::hsm::pkcs11 {
namespace {

using test::Fate;

TEST_F(Pkcs11AnchorFault, ADestructionThatDidNotHappenIsNoticed) {
  PrepareNext();
  FailAll("C_DestroyObject", Fate::Skip(CKR_OK));
  EXPECT_TRUE(absl::IsUnavailable(anchor().Commit(epoch_ + 1)));
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_);
  Heal();
  EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok());
  EXPECT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kFresh);
}

TEST_F(Pkcs11AnchorFault, ADestructionWithoutAnAnswerIsLookedUp) {
  PrepareNext();
  FailNth("C_DestroyObject", 0, Fate::Hide(CKR_DEVICE_ERROR));  // it happened
  EXPECT_TRUE(absl::IsUnavailable(anchor().Commit(epoch_ + 1)));
  Heal();
  const int derived_before = CallsOf("C_DeriveKey", [this] { ASSERT_TRUE(Evaluate(*device_).ok()); });
  EXPECT_GT(derived_before, 2);  // the rebuild's self-test, too
  EXPECT_EQ(CallsOf("C_DestroyObject", [this] { EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok()); }), 0);
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_ + 1);
  EXPECT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kFresh);
}

TEST_F(Pkcs11AnchorFault, ADestructionThatFailedIsDoneAgainOnRequest) {
  PrepareNext();
  FailNth("C_DestroyObject", 0, Fate::Skip(CKR_DEVICE_ERROR));  // it did not happen
  EXPECT_TRUE(absl::IsUnavailable(anchor().Commit(epoch_ + 1)));
  Heal();
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_);
  EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok());
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_ + 1);
}

// Whichever call fails, with or without effect, the anchor moves by exactly one epoch in the end.
TEST_F(Pkcs11AnchorFault, AnyFailingCallMovesTheAnchorByOneEpochInTheEnd) {
  int calls = CallsOf("", [this] {
    PrepareNext();
    EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok());
  });
  ASSERT_GT(calls, 10);
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_SESSION_HANDLE_INVALID}) {
    for (const Fate fate : {Fate::Skip(rv), Fate::Hide(rv)}) {
      for (int n = 0; n < calls; ++n) {
        epoch_ = anchor().CurrentEpoch().value();
        FailNth("", n, fate);
        const absl::Status prepared = OnceAvailable([this] {
          auto evidence = anchor().Prepare(epoch_ + 1, digest_);
          if (evidence.ok()) evidence_ = *evidence;
          return evidence.status();
        });
        ASSERT_TRUE(prepared.ok()) << "call " << n << ": " << prepared;
        const absl::Status committed = OnceAvailable([this] { return anchor().Commit(epoch_ + 1); });
        ASSERT_TRUE(committed.ok()) << "call " << n << ": " << committed;
        Heal();
        ASSERT_EQ(anchor().CurrentEpoch().value(), epoch_ + 1) << "call " << n;
        ASSERT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kFresh) << "call " << n;
      }
    }
  }
}

// B claims the anchor after A looked at its claim, and before A destroys the current key.
TEST_F(Pkcs11AnchorFault, AClaimLostWithinACommitIsNoticed) {
  auto b = Open();
  ASSERT_TRUE(b.ok()) << b.status();
  PrepareNext();
  bool meanwhile = false;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_DestroyObject" && !meanwhile) {
      meanwhile = true;
      EXPECT_TRUE((*b)->freshness_anchor()->Claim().ok());
    }
    return Fate::Pass();
  });
  EXPECT_TRUE(absl::IsDataLoss(anchor().Commit(epoch_ + 1)));
  EXPECT_TRUE(meanwhile);
}

// 1. B prepared a state and prepares another: it is held up before it destroys the first one's key. 2. A
// claims the anchor and finds the first state one ahead. 3. B goes on, and the key that A found is gone. A
// prepares that state anew, and commits it.
TEST_F(Pkcs11AnchorFault, AKeyDestroyedUnderAStateOneAheadStandsInNobodysWay) {
  auto a = Open();
  ASSERT_TRUE(a.ok()) << a.status();
  FreshnessAnchor& other = *(*a)->freshness_anchor();
  PrepareNext();
  bool meanwhile = false;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_DestroyObject" && !meanwhile) {
      meanwhile = true;
      EXPECT_TRUE(other.Claim().ok());
      EXPECT_EQ(Judged(other, epoch_ + 1), Freshness::kOneAhead);
    }
    return Fate::Pass();
  });
  EXPECT_TRUE(anchor().Prepare(epoch_ + 1, Sha256("second")).ok()) << "it had looked at its claim";
  EXPECT_TRUE(meanwhile);
  Heal();
  EXPECT_TRUE(absl::IsDataLoss(anchor().Commit(epoch_ + 1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(other.Commit(epoch_ + 1))) << "no run commits another's key";
  const auto anew = other.Prepare(epoch_ + 1, digest_);
  ASSERT_TRUE(anew.ok()) << anew.status();
  ASSERT_TRUE(other.Commit(epoch_ + 1).ok());
  EXPECT_EQ(other.Check(epoch_ + 1, digest_, *anew)->freshness, Freshness::kFresh);
  EXPECT_EQ(Judged(other, epoch_ + 1), Freshness::kForged);
}

TEST_F(Pkcs11AnchorFault, OnlyWhatThisRunPreparedIsCommitted) {
  auto b = Open();
  ASSERT_TRUE(b.ok()) << b.status();
  FreshnessAnchor& other = *(*b)->freshness_anchor();
  ASSERT_TRUE(other.Claim().ok());
  ASSERT_TRUE(other.Prepare(epoch_ + 1, Sha256("b")).ok());
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor().Commit(epoch_ + 1)));
  PrepareNext();
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(anchor().Commit(epoch_ + 1))) << "its key is from before the claim";
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_);
}

TEST_F(Pkcs11AnchorFault, NothingIsCommittedWithoutItsKey) {
  const std::set<std::filesystem::path> before = ObjectFiles();
  PrepareNext();
  for (const std::filesystem::path& file : ObjectFiles()) {
    if (!before.contains(file)) std::filesystem::remove(file);
  }
  EXPECT_TRUE(absl::IsDataLoss(anchor().Commit(epoch_ + 1)));
  EXPECT_EQ(anchor().CurrentEpoch().value(), epoch_);
}

// Keys that cannot be destroyed do not pile up.
TEST_F(Pkcs11AnchorFault, WhereNoKeyCanBeDestroyedNoMoreAreMade) {
  const int at_rest = TokenObjects();
  FailAll("C_DestroyObject", Fate::Skip(CKR_OK));
  PrepareNext();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(anchor().Prepare(epoch_ + 1, digest_).status()));
  }
  EXPECT_EQ(TokenObjects(), at_rest + 4);
  Heal();
  PrepareNext();
  EXPECT_EQ(TokenObjects(), at_rest + 1);
  EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok());
  EXPECT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kFresh);
}

TEST_F(Pkcs11AnchorFault, AnEpochThatSomebodyElseCommittedIsNotOursEvenAfterANewClaim) {
  PrepareNext();
  auto b = Open();
  ASSERT_TRUE(b.ok()) << b.status();
  FreshnessAnchor& other = *(*b)->freshness_anchor();
  ASSERT_TRUE(other.Claim().ok());
  ASSERT_TRUE(other.Prepare(epoch_ + 1, Sha256("b")).ok());
  ASSERT_TRUE(other.Commit(epoch_ + 1).ok());
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_TRUE(absl::IsDataLoss(anchor().Commit(epoch_ + 1)));
}

// What SoftHSM2 cannot prevent, but a running service sees.
TEST_F(Pkcs11AnchorFault, ARestoredTokenIsNoticedByARunningService) {
  const std::filesystem::path copy = token_->TokenFolder().parent_path().parent_path() / "copy";
  std::filesystem::copy(token_->TokenFolder(), copy, std::filesystem::copy_options::recursive);
  PrepareNext();
  ASSERT_TRUE(anchor().Commit(epoch_ + 1).ok());
  token_->Break();
  EXPECT_TRUE(absl::IsUnavailable(anchor().CurrentEpoch().status()));
  std::filesystem::rename(copy, token_->TokenFolder());
  const absl::Status restored = OnceAvailable([this] { return anchor().CurrentEpoch().status(); });
  EXPECT_TRUE(absl::IsDataLoss(restored)) << restored;
  EXPECT_TRUE(absl::IsDataLoss(anchor().Prepare(epoch_ + 1, digest_).status()));
}

// Whatever destroyed them: the operator starts the ratchet anew, above what the ledger remembers.
TEST_F(Pkcs11AnchorFault, ATokenWithoutAKeyIsStartedAnew) {
  PrepareNext();
  ASSERT_TRUE(anchor().Commit(epoch_ + 1).ok());
  device_.reset();
  ASSERT_EQ(DestroyKeys("anchor"), 1);
  auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  FreshnessAnchor& lost = *(*opened)->freshness_anchor();
  ASSERT_TRUE(lost.Claim().ok());
  const absl::Status refused = lost.CurrentEpoch().status();
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(refused.ToString(), testing::HasSubstr("anchor accept"));
  EXPECT_TRUE(absl::IsDataLoss(lost.Check(epoch_ + 1, digest_, evidence_).status()));
  EXPECT_TRUE(absl::IsDataLoss(lost.Prepare(epoch_ + 2, digest_).status()));
  EXPECT_TRUE(absl::IsDataLoss(lost.Commit(epoch_ + 1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(lost.ClearSpoilt(UINT64_MAX)));

  ASSERT_TRUE(lost.ClearSpoilt(epoch_ + 1).ok());
  EXPECT_EQ(lost.CurrentEpoch().value(), epoch_ + 2);
  EXPECT_EQ(Judged(lost, epoch_ + 1), Freshness::kStale);
  EXPECT_EQ(Judged(lost, epoch_ + 2), Freshness::kForged);
  ASSERT_TRUE(lost.Prepare(epoch_ + 3, digest_).ok());
  EXPECT_TRUE(lost.Commit(epoch_ + 3).ok());
}

// Without keys of the realm beside it only the claim tells whose token it is.
TEST_F(Pkcs11AnchorFault, ATokenOfAnAnchorAloneIsKnownByItsClaim) {
  device_.reset();
  ProvisionOptions options = Options();
  options.roles = DeviceRoles{.keys = false, .anchor = true};
  auto state = Provision(Address(), options);
  ASSERT_TRUE(state.ok()) << state.status();
  state_ = *std::move(state);
  device_ = NewDevice();
  ASSERT_TRUE(anchor().Claim().ok());
  device_.reset();
  ASSERT_EQ(DestroyKeys("anchor"), 2) << "the fixture's realm has one, too";
  device_ = NewDevice();
  ASSERT_NE(device_, nullptr);
  EXPECT_TRUE(absl::IsDataLoss(anchor().CurrentEpoch().status()));
  device_.reset();
  ASSERT_EQ(DestroyKeys("claim"), 2);
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status())) << "it may be any token";
}

TEST_F(Pkcs11AnchorFault, TheEvidenceOfAnAbandonedPrepareDies) {
  PrepareNext();
  const Bytes abandoned = evidence_;
  PrepareNext();
  EXPECT_NE(evidence_, abandoned);
  evidence_ = abandoned;
  EXPECT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kForged);
  ASSERT_TRUE(anchor().Commit(epoch_ + 1).ok());
  EXPECT_EQ(Judged(anchor(), epoch_ + 1), Freshness::kForged);
}

TEST_F(Pkcs11AnchorFault, TheTokenHoldsTwoKeysAtMost) {
  const int at_rest = TokenObjects();
  for (int i = 0; i < 5; ++i) {
    PrepareNext();
    EXPECT_EQ(TokenObjects(), at_rest + 1);
    ASSERT_TRUE(anchor().Commit(++epoch_).ok());
    EXPECT_EQ(TokenObjects(), at_rest);
    ASSERT_TRUE(anchor().Claim().ok());
    EXPECT_EQ(TokenObjects(), at_rest);
  }
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
