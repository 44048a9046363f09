// What happens to a batch on its way to the server and back, and on the server's disk.
#include <csignal>

#include "absl/strings/str_cat.h"

#include "tests/fault/postgres/cutting_proxy.h"
#include "tests/fault/postgres/pair.h"
#include "tests/support/storage/small_disk.h"

namespace labrec::recovery {
namespace {

using test::CuttingProxy;
using testing::HasSubstr;

class WireTest : public PostgresPairTest {
 protected:
  absl::StatusOr<std::unique_ptr<PostgresStore>> OpenThrough(const CuttingProxy& proxy) const {
    PostgresOptions options = Options(0);
    options.url = absl::StrCat("postgresql:///postgres?user=labrec&host=", proxy.folder().string());
    return OpenPostgresStore(options);
  }
  std::string Number() const { return *primary_->Sql("SELECT epoch FROM realm.labrec_head"); }
};

TEST_F(WireTest, APipelineThatIsCutAtAnyByteWritesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  CuttingProxy proxy(primary_->socket_folder());
  auto first = OpenThrough(proxy);
  ASSERT_TRUE(first.ok() && (*first)->Write(BatchOf(1)).ok());
  first->reset();
  for (int64_t bytes = 0; bytes < 1024; ++bytes) {
    auto store = OpenThrough(proxy);
    ASSERT_TRUE(store.ok()) << bytes << ": " << store.status();
    proxy.CutAfter(CuttingProxy::Way::kToServer, bytes);
    const absl::Status cut = (*store)->Write(BatchOf(2));
    ASSERT_TRUE(absl::IsInternal(cut)) << bytes << ": " << cut;
    ASSERT_EQ(Number(), "1") << "its COMMIT is behind the first kilobyte";
    ASSERT_FALSE((*store)->Write(BatchOf(2)).ok()) << "nobody goes on after that";
  }
}

TEST_F(WireTest, AnAnswerThatIsCutAtAnyByteIsUncertainAndTheBatchIsThere) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  CuttingProxy proxy(primary_->socket_folder());
  bool answered = false;
  uint64_t number = 1;
  for (int64_t bytes = 0; !answered; ++bytes, ++number) {
    auto store = OpenThrough(proxy);
    ASSERT_TRUE(store.ok()) << bytes << ": " << store.status();
    proxy.CutAfter(CuttingProxy::Way::kToClient, bytes);
    const absl::Status written = (*store)->Write(BatchOf(number));
    proxy.CutAfter(CuttingProxy::Way::kToClient, -1);
    answered = written.ok();
    ASSERT_TRUE(answered || absl::IsInternal(written)) << bytes << ": " << written;
    ASSERT_TRUE(primary_->Await("SELECT epoch FROM realm.labrec_head", absl::StrCat(number)).ok());
    ASSERT_LT(bytes, 1000) << "an answer has no thousand bytes";
  }
}

TEST_F(WireTest, APoolerIsSeen) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  CuttingProxy proxy(primary_->socket_folder());
  EXPECT_TRUE(OpenThrough(proxy).ok());
  proxy.MakeUpBackends();
  const auto refused = OpenThrough(proxy);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(refused.status().ToString(), HasSubstr("a connection pooler stands between"));
}

// Of the data: the server lives, the batch is aborted, and the next one is written when there is room.
TEST_F(WireTest, AFullDiskOfItsDataAbortsABatch) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  store_.reset();
  ASSERT_TRUE(primary_->Stop(SIGINT).ok());
  const auto disk = test::SmallDisk::Under(primary_->data() / "base", 64 << 20);
  ASSERT_TRUE(disk.ok()) << disk.status();
  ASSERT_TRUE(primary_->OwnAgain(primary_->data() / "base").ok());
  ASSERT_TRUE(primary_->Launch().ok());
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE((*disk)->Fill().ok());
  StoreBatch large = BatchOf(2);
  large.rows[0].content = Bytes(8 << 20, 2);
  const absl::Status full = store_->Write(large);
  EXPECT_TRUE(absl::IsAborted(full)) << full;
  EXPECT_THAT(full.ToString(), HasSubstr("No space left"));
  EXPECT_EQ(NumberIn(*store_), 1U);
  (*disk)->MakeRoom();
  EXPECT_TRUE(store_->Write(BatchOf(2)).ok());
  store_.reset();
  primary_.reset();
}

// Of the log: the server ends, nobody knows, and what was acknowledged is there when it has room.
TEST_F(WireTest, AFullDiskOfItsLogIsUncertain) {
  ASSERT_NO_FATAL_FAILURE(Start(false, ""));
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE(store_->Write(BatchOf(1)).ok());
  store_.reset();
  ASSERT_TRUE(primary_->Stop(SIGINT).ok());
  const auto disk = test::SmallDisk::Under(primary_->data() / "pg_wal", 80 << 20);
  ASSERT_TRUE(disk.ok()) << disk.status();
  ASSERT_TRUE(primary_->OwnAgain(primary_->data() / "pg_wal").ok());
  ASSERT_TRUE(primary_->Launch().ok());
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  ASSERT_TRUE((*disk)->Fill().ok());
  uint64_t acknowledged = 1;
  absl::Status full;
  while (full.ok()) {
    StoreBatch large = BatchOf(acknowledged + 1);
    for (uint32_t i = 0; i < 400; ++i)
      large.rows.push_back({{2 + i, {}}, Bytes(8000, static_cast<uint8_t>(i))});
    full = store_->Write(large);
    if (full.ok()) ++acknowledged;
  }
  EXPECT_TRUE(absl::IsInternal(full)) << full;
  (*disk)->MakeRoom();
  primary_->Kill();
  ASSERT_TRUE(primary_->Launch().ok()) << primary_->log();
  ASSERT_NO_FATAL_FAILURE(OpenStore(0));
  const uint64_t found = NumberIn(*store_);
  EXPECT_GE(found, acknowledged);
  EXPECT_LE(found, acknowledged + 1);
  store_.reset();
  primary_.reset();
}

}  // namespace
}  // namespace labrec::recovery
