// Root on the realm's host, with the owner's authorisation and every copy of the database files that he ever
// took, against a chip-enforced record: he restores each, has the restored ledger accepted (`anchor accept`
// is the operator's own tool), and lets the daemon guess on. The chip counts over all of it.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/realm/chip_realm.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

constexpr int kLimit = 4;

class ChipRollback : public testing::Test {
 protected:
  void SetUp() override {
    auto made = ChipRealm::Make({});
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    Start();
  }
  void Start() {
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started << realm_->fixture().Log();
  }
  void Stop() { ASSERT_TRUE(realm_->fixture().StopDaemon().ok()); }

  fs::path Ledger() const { return realm_->fixture().state() / "ledger.sqlite"; }
  // A copy of the database files as they are now; the daemon is stopped for it.
  void Copy() {
    Stop();
    copies_.push_back(folder_.path() / std::to_string(copies_.size()));
    fs::copy_file(Ledger(), copies_.back());
    Start();
  }
  // The realm serves on from that copy.
  void Restore(const fs::path& copy) {
    Stop();
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(Ledger().string() + suffix);
    fs::copy_file(copy, Ledger(), fs::copy_options::overwrite_existing);
    EXPECT_FALSE(realm_->fixture().StartDaemon().ok()) << "the restored ledger has to be refused";
    const auto accepted = realm_->fixture().Admin({"anchor", "accept", "--yes", "--reanchor-floor", "20",
                                                   "--state", realm_->fixture().state().string()},
                                                  false);
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    Start();
  }
  // Guesses until none is answered any more; how many were.
  int GuessOn(ChipRealm::Account& account) {
    EXPECT_TRUE(realm_->Reconnect(account).ok());
    int answered = 0;
    while (answered <= kLimit && ChipRealm::Try(account, "wrong" + std::to_string(++guesses_)) == "wrong") {
      ++answered;
    }
    return answered;
  }

  TemporaryFolder folder_;
  std::unique_ptr<ChipRealm> realm_;
  std::vector<fs::path> copies_;
  int guesses_ = 0;
};

TEST_F(ChipRollback, EveryEarlierCopyTogetherGivesNoMoreGuessesThanTheLimit) {
  auto made = realm_->NewAccount("alice");
  ASSERT_TRUE(made.ok()) << made.status();
  ChipRealm::Account alice = *std::move(made);
  ASSERT_TRUE(realm_->Seal(alice, kLimit).ok());
  Copy();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(realm_->Reconnect(alice).ok());
    EXPECT_EQ(ChipRealm::Try(alice, "wrong" + std::to_string(++guesses_)), "wrong");
    Copy();
  }
  // The owner comes back: from now on it is the limit again, and the copies are those of an earlier time.
  ASSERT_TRUE(realm_->Reconnect(alice).ok());
  EXPECT_EQ(ChipRealm::Try(alice, ChipRealm::kRightPin), "right");
  Copy();
  // One guess in each copy, and a copy of what that makes of it.
  int answered = 0;
  const std::vector<fs::path> earlier = copies_;
  for (const fs::path& copy : earlier) {
    if (answered == kLimit - 1) break;
    SCOPED_TRACE(copy.string());
    Restore(copy);
    ASSERT_TRUE(realm_->Reconnect(alice).ok());
    EXPECT_EQ(ChipRealm::Try(alice, "wrong" + std::to_string(++guesses_)), "wrong");
    ++answered;
    Copy();
    ASSERT_FALSE(HasFailure());
  }
  // And as many as there are in all of them.
  const std::vector<fs::path> all = copies_;
  for (const fs::path& copy : all) {
    SCOPED_TRACE(copy.string());
    Restore(copy);
    answered += GuessOn(alice);
    EXPECT_LE(answered, kLimit) << "a guess was gained";
    EXPECT_NE(ChipRealm::Try(alice, ChipRealm::kRightPin), "right") << "spent is spent";
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_EQ(answered, kLimit) << "all that the chip granted were taken";
}

}  // namespace
}  // namespace labrec::test
