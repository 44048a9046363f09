// A service that makes a key of the ratchet after another one took the anchor over.
#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include "tests/fault/pkcs11/anchor_fixture.h"

namespace labrec::hsm::pkcs11 {
namespace {

using test::Fate;

class Pkcs11LateKey : public Pkcs11AnchorFault {
 protected:
  // B is held up just before it makes its key of the next epoch, while A takes the anchor over and commits so
  // many epochs. Then B makes the key, and dies.
  void LeaveLateKey(int commits) {
    auto b = Open();
    ASSERT_TRUE(b.ok()) << b.status();
    FreshnessAnchor& held_up = *(*b)->freshness_anchor();
    ASSERT_TRUE(held_up.Claim().ok());
    bool busy = false;
    bool dead = false;
    test::SetPkcs11Judge([&](std::string_view function) {
      if (busy) return Fate::Pass();
      if (dead) return Fate::Skip(CKR_DEVICE_ERROR);
      if (function != "C_GenerateKey") return Fate::Pass();
      busy = true;
      EXPECT_TRUE(anchor().Claim().ok());
      for (int i = 0; i < commits; ++i) CommitNext();
      busy = false;
      dead = true;
      return Fate::Pass();
    });
    EXPECT_FALSE(held_up.Prepare(epoch_ + 1, Sha256("b")).ok());
    EXPECT_TRUE(dead);
    Heal();
  }
  int Keys() const { return test::CountTokenKeys(Address().uri, "anchor").value_or(-1); }
};

// Steps 1 to 3 of the attack in hsm/pkcs11/anchor/ratchet.h: B is held up just before it makes its key of the
// next epoch, while A takes the anchor over and goes two epochs on.
TEST_F(Pkcs11LateKey, AServiceThatWasHeldUpFindsItsClaimGone) {
  auto b = Open();
  ASSERT_TRUE(b.ok()) << b.status();
  FreshnessAnchor& held_up = *(*b)->freshness_anchor();
  ASSERT_TRUE(held_up.Claim().ok());
  bool meanwhile = false;
  test::SetPkcs11Judge([&](std::string_view function) {
    if (function == "C_GenerateKey" && !meanwhile) {
      meanwhile = true;
      EXPECT_TRUE(anchor().Claim().ok());
      for (int i = 0; i < 2; ++i) {
        PrepareNext();
        EXPECT_TRUE(anchor().Commit(++epoch_).ok());
      }
    }
    return Fate::Pass();
  });
  EXPECT_TRUE(absl::IsDataLoss(held_up.Prepare(epoch_ + 1, Sha256("b")).status()));
  EXPECT_TRUE(meanwhile);
  Heal();
  // It cleaned up, so A goes on.
  EXPECT_EQ(Judged(anchor(), epoch_), Freshness::kFresh);
  PrepareNext();
  EXPECT_TRUE(anchor().Commit(epoch_ + 1).ok());
}

// As before, but B dies as soon as its key is made. A was killed, too: nobody can tell then which of the two
// keys is the late one, and B's state is not taken for fresh.
TEST_F(Pkcs11LateKey, AKeyMadeTooLateNeverPassesForTheCurrentOne) {
  LeaveLateKey(2);
  device_.reset();
  auto later = Open();
  ASSERT_TRUE(later.ok()) << later.status();
  FreshnessAnchor& spoilt = *(*later)->freshness_anchor();
  ASSERT_TRUE(spoilt.Claim().ok());
  EXPECT_TRUE(absl::IsDataLoss(spoilt.CurrentEpoch().status()));
  EXPECT_TRUE(absl::IsDataLoss(spoilt.Check(epoch_, digest_, evidence_).status()));
  EXPECT_TRUE(absl::IsDataLoss(spoilt.Prepare(epoch_ + 1, digest_).status()));
  EXPECT_TRUE(absl::IsDataLoss(spoilt.Commit(epoch_)));

  // The operator's way out: nothing that was ever attested is fresh, and the anchor goes on above it.
  ASSERT_TRUE(spoilt.ClearSpoilt(epoch_ - 1).ok());
  EXPECT_EQ(spoilt.CurrentEpoch().value(), epoch_ + 1);
  EXPECT_EQ(Judged(spoilt, epoch_), Freshness::kStale);
  EXPECT_EQ(Judged(spoilt, epoch_ + 1), Freshness::kForged);
  EXPECT_TRUE(spoilt.ClearSpoilt(epoch_ + 100).ok());
  EXPECT_EQ(spoilt.CurrentEpoch().value(), epoch_ + 1) << "nothing was spoilt any more";
  const auto next = spoilt.Prepare(epoch_ + 2, digest_);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE(spoilt.Commit(epoch_ + 2).ok());
  EXPECT_EQ(spoilt.Check(epoch_ + 2, digest_, *next)->freshness, Freshness::kFresh);
}

class Pkcs11HeldAnchor : public Pkcs11LateKey, public testing::WithParamInterface<int> {};

// Whoever holds the anchor knows his own keys, and destroys the other one.
TEST_P(Pkcs11HeldAnchor, DoesNotEndWhoHoldsTheAnchor) {
  LeaveLateKey(GetParam());
  EXPECT_EQ(Keys(), 2);
  EXPECT_EQ(anchor().CurrentEpoch().value_or(0), epoch_);
  EXPECT_EQ(Keys(), 2) << "a look changes nothing";
  CommitNext();
  EXPECT_EQ(Keys(), 1);
  device_.reset();
  device_ = *Open();
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_EQ(Judged(anchor(), epoch_), Freshness::kFresh);
  CommitNext();
}
INSTANTIATE_TEST_SUITE_P(AfterEpochs, Pkcs11HeldAnchor, testing::Values(1, 2, 3, 5));

// Another one knows that what is older than the last two epochs is late.
class Pkcs11OldKey : public Pkcs11LateKey, public testing::WithParamInterface<int> {};
TEST_P(Pkcs11OldKey, DoesNotRefuseTheNextStart) {
  LeaveLateKey(GetParam());
  device_.reset();
  device_ = *Open();
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_EQ(Judged(anchor(), epoch_), Freshness::kFresh);
  CommitNext();
  EXPECT_EQ(Keys(), 1);
}
INSTANTIATE_TEST_SUITE_P(AfterEpochs, Pkcs11OldKey, testing::Values(3, 5));

// After one epoch the two are rivals: the state is rolled forward.
TEST_F(Pkcs11LateKey, AKeyMadeTooLateBesideTheCurrentOneIsARival) {
  LeaveLateKey(1);
  device_.reset();
  device_ = *Open();
  ASSERT_TRUE(anchor().Claim().ok());
  EXPECT_EQ(Judged(anchor(), epoch_), Freshness::kOneAhead);
  --epoch_;
  CommitNext();
  EXPECT_EQ(Keys(), 1);
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
