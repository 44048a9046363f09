// A realm whose TPM is reached through tpm2-abrmd, a resource manager of user space, by the programs.

#include "tests/integration/attest/fixture.h"

namespace labrec::test {
namespace {

class BehindTabrmd : public Attest {
 protected:
  void Adjust(RealmFixture::Options& options) override {
    options.tpm_access = RealmFixture::TpmAccess::kResourceManager;
  }
};

TEST_F(BehindTabrmd, ALedgerEnforcedRecordIsSealedGuessedAndRecovered) {
  ASSERT_THAT(realm_->device_uri(), HasSubstr("tpm2:tabrmd:"));
  Enroll();
  const Ended sealed = Seal("--guess-limit 3");
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(Guess("wrong"), 3);
  // What a killed daemon had in the TPM the resource manager flushes; the count stays.
  realm_->daemon().Kill();
  const absl::Status again = realm_->StartDaemon();
  ASSERT_TRUE(again.ok()) << again;
  EXPECT_EQ(Recover("status").out["remaining"], 2);
  EXPECT_EQ(Guess("pin"), 0);
  EXPECT_EQ(Content(Path("got")), "a secret");
}

TEST_F(BehindTabrmd, AChipEnforcedRecordIsSealedGuessedRecoveredAndDestroyed) {
  Enroll();
  const Ended sealed = Seal("--guess-limit 3 --enforcement chip --ek-roots " + Path("roots"));
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(Guess("wrong"), 3);
  EXPECT_EQ(Recover("status").out["enforcement"], "chip");
  EXPECT_EQ(Recover("status").out["remaining"], 2);
  realm_->daemon().Kill();
  const absl::Status again = realm_->StartDaemon();
  ASSERT_TRUE(again.ok()) << again;
  EXPECT_EQ(Guess("pin", "--own-tries 1"), 0);
  EXPECT_EQ(Content(Path("got")), "a secret");
  for (int guess = 0; guess < 3; ++guess) {
    std::ofstream(Path("guess")) << "99" << guess << "\n";
    (void)Guess("guess");
  }
  EXPECT_EQ(Guess("pin"), 4) << "destroyed";
}

TEST_F(BehindTabrmd, TheRealmProvesItself) {
  const Ended ended = Attested();
  EXPECT_EQ(ended.code, 0) << ended.out.dump(1) << ended.err;
  EXPECT_EQ(ended.out["outcome"], "proven");
}

}  // namespace
}  // namespace labrec::test
