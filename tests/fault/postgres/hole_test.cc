// A disk that cannot write, a network that has become a hole, a real pooler, and who watches meanwhile.
#include <csignal>
#include <fstream>
#include <future>

#include "absl/strings/str_cat.h"

#include "recovery/store/postgres/postgres_follower.h"
#include "tests/fault/postgres/cutting_proxy.h"
#include "tests/fault/postgres/pair.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using test::CuttingProxy;
using testing::HasSubstr;

class HoleTest : public PostgresPairTest {
 protected:
  absl::StatusOr<std::unique_ptr<PostgresStore>> OpenThrough(const CuttingProxy& proxy) const {
    PostgresOptions options = Options(0);
    options.url = absl::StrCat("postgresql:///postgres?user=labrec&host=", proxy.folder().string());
    return OpenPostgresStore(options);
  }
  // Of whoever works on the ledger, once `wanted` holds.
  template <typename Wanted>
  static bool AwaitHolder(StoreFollower& follower, Wanted wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto holder = follower.FindHolder();
      if (holder.ok() && wanted(*holder)) return true;
    }
    return false;
  }
};

using Holder = std::optional<StoreFollower::Holder>;

// PostgreSQL gives up at the first sync that fails, as the kernel may have dropped what it could not write.
TEST_F(HoleTest, ASyncThatFailsIsUncertainAndNothingAcknowledgedIsLost) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_TRUE(primary_->Stop(SIGINT).ok());
  ASSERT_TRUE(primary_->Launch(LABREC_FAILING_SYNC).ok()) << primary_->log();
  uint64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    ASSERT_NO_FATAL_FAILURE(OpenStore(0));
    const uint64_t found = acknowledged == 0 ? 0 : NumberIn(*store_);
    ASSERT_GE(found, acknowledged) << "round " << round;
    ASSERT_LE(found, acknowledged + 1);
    acknowledged = found;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(store_->Write(BatchOf(acknowledged + 1)).ok());
      ++acknowledged;
    }
    std::ofstream(primary_->failing_sync_flag()).put('\n');
    const absl::Status failed = store_->Write(BatchOf(acknowledged + 1));
    EXPECT_TRUE(absl::IsInternal(failed)) << failed;
    EXPECT_THAT(primary_->log(), HasSubstr("PANIC"));
    primary_->Kill();
    std::filesystem::remove(primary_->failing_sync_flag());
    ASSERT_TRUE(primary_->Launch(LABREC_FAILING_SYNC).ok()) << primary_->log();
  }
  store_.reset();
}

TEST_F(HoleTest, ABatchIntoAHoleSaysWhatItWaitsForUntilItIsGivenUp) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  CuttingProxy proxy(primary_->socket_folder());
  auto store = OpenThrough(proxy);
  ASSERT_TRUE(store.ok() && (*store)->Write(BatchOf(1)).ok());
  proxy.SwallowAll();
  auto writing = std::async(std::launch::async, [&] { return (*store)->Write(BatchOf(2)); });
  while ((*store)->waits_for().empty()) writing.wait_for(milliseconds(5));
  EXPECT_THAT((*store)->waits_for(), HasSubstr("PostgreSQL to commit"));
  EXPECT_FALSE(Ready(writing)) << "nobody is told that it was written";
  (*store)->GiveUp();
  EXPECT_TRUE(absl::IsInternal(writing.get())) << "nobody knows";
}

// Nothing is written, and the hole is noticed all the same.
TEST_F(HoleTest, AnIdleStoreNoticesAHole) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  CuttingProxy proxy(primary_->socket_folder());
  PostgresOptions options = Options(0);
  options.url = absl::StrCat("postgresql:///postgres?user=labrec&host=", proxy.folder().string());
  options.sign_every = milliseconds(20);
  auto store = OpenPostgresStore(options);
  ASSERT_TRUE(store.ok() && (*store)->Write(BatchOf(1)).ok());
  proxy.SwallowAll();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while ((*store)->waits_for().empty() && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_THAT((*store)->waits_for(), HasSubstr("PostgreSQL to answer"));
  (*store)->GiveUp();
}

TEST_F(HoleTest, AFollowerSeesWhoWorksAndForHowLongHeWasSilent) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  PostgresOptions options = Options(0);
  auto store = OpenPostgresStore(options);
  ASSERT_TRUE(store.ok() && (*store)->Write(BatchOf(1)).ok());
  auto follower = OpenPostgresFollower(options);
  ASSERT_TRUE(follower.ok()) << follower.status();
  EXPECT_TRUE(AwaitHolder(**follower, [](const Holder& holder) {
    return holder && holder->silent_for > milliseconds(300);
  })) << "it says nothing for an hour";
  const auto head = (*follower)->ReadHead();
  ASSERT_TRUE(head.ok() && *head);
  EXPECT_EQ((*head)->epoch, 1U);
  store->reset();
  EXPECT_TRUE(AwaitHolder(**follower, [](const Holder& holder) { return !holder; }));
  options.sign_every = milliseconds(10);
  store = OpenPostgresStore(options);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int look = 0; look < 50; ++look) {
    const auto holder = (*follower)->FindHolder();
    ASSERT_TRUE(holder.ok() && *holder);
    EXPECT_THAT((*holder)->name, HasSubstr("labyrinth"));
    EXPECT_LT((*holder)->silent_for, milliseconds(5000)) << "it says a word every ten milliseconds";
  }
}

TEST_F(HoleTest, ARealPoolerIsSeen) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  const auto place = primary_->StartPooler();
  ASSERT_TRUE(place.ok()) << place.status();
  PostgresOptions options = Options(0);
  options.url = absl::StrCat("postgresql:///postgres?user=labrec&host=", place->string());
  const auto refused = OpenPostgresStore(options);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(refused.status().ToString(), HasSubstr("a connection pooler stands between"));
}

TEST_F(HoleTest, WhoTakesOverEndsTheOthersSession) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  PostgresOptions options = Options(0);
  auto first = OpenPostgresStore(options);
  ASSERT_TRUE(first.ok() && (*first)->Write(BatchOf(1)).ok());
  options.open = PostgresOptions::Open::kTakeOver;
  auto second = OpenPostgresStore(options);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE((*second)->Write(BatchOf(2)).ok());
  const absl::Status late = (*first)->Write(BatchOf(2));
  EXPECT_TRUE(absl::IsAborted(late)) << late;
  EXPECT_THAT(late.ToString(), HasSubstr("the ledger is open in"));
  EXPECT_EQ(NumberIn(**second), 2U);
}

}  // namespace
}  // namespace labrec::recovery
