#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/reanchor.h"
#include "recovery/ledger/verify.h"
#include "tests/integration/ledger/support.h"

namespace labrec::recovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OfflineTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    Create();
    Fill();
  }

  absl::StatusOr<VerifyReport> Verify() {
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, OpenSqliteStore(path()));
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<hsm::Device> device, device_->Open());
    progress_.clear();
    return VerifyAll(*store, *device->freshness_anchor(), kRealm,
                     [this](const VerifyProgress& progress) { progress_.push_back(progress); });
  }

  // Rebuilds path() into target_path().
  absl::StatusOr<ReanchorReport> Accept(const ReanchorRequest& request) {
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> source, OpenSqliteStore(path()));
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> target,
                            OpenSqliteStore(target_path(), {.open = SqliteOptions::Open::kCreateIfMissing}));
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<hsm::Device> device, device_->Open());
    return Reanchor(*source, *target, *device->freshness_anchor(), request);
  }
  // Sets the first byte of every row, as lowering of guesses does, and leaves out row 20.
  ReanchorRequest Request() {
    ReanchorRequest request;
    request.realm_id = kRealm;
    request.transform = [](const RowAddress& address,
                           ByteView content) -> absl::StatusOr<std::optional<Bytes>> {
      if (address.key == KeyOf(20)) return std::nullopt;
      Bytes changed = ToBytes(content);
      changed[0] = 0xFF;
      return changed;
    };
    return request;
  }

  std::filesystem::path target_path() const { return folder_.path() / "new.db"; }
  std::vector<VerifyProgress> progress_;
};
INSTANTIATE_TEST_SUITE_P(Devices, OfflineTest, testing::Values("swtpm", "softhsm2"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(OfflineTest, AnIntactLedgerVerifiesAndIsNotChanged) {
  std::vector<RowWrite> writes;
  for (uint32_t key = 1000; key < 3500; ++key) writes.push_back(Put(key % 4, key, Bytes(20, 1)));
  ASSERT_TRUE(Commit(std::move(writes)).ok());
  const uint64_t epoch = running_.ledger->epoch();
  Stop();
  for (int round = 0; round < 2; ++round) {
    const auto report = Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->intact()) << report->problems.front();
    EXPECT_EQ(report->freshness.freshness, hsm::Freshness::kFresh);
    EXPECT_EQ(report->head.epoch, epoch);
    EXPECT_EQ(report->walked.rows, 2508U);
    EXPECT_EQ(report->walked.bytes, 8U * 40 + 2500 * 20);
    ASSERT_EQ(progress_.size(), 3U) << "after 1000, 2000 and all";
    EXPECT_EQ(progress_[0].rows, 1000U);
    EXPECT_EQ(progress_[2].rows, 2508U);
    EXPECT_EQ(progress_[2].rows_expected, 2508U);
    EXPECT_GT(progress_[2].seconds, 0);
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(running_.ledger->epoch(), epoch + 2);
}

TEST_P(OfflineTest, EachKindOfDamageIsNamed) {
  Stop();
  const Image image = Copy();
  const std::string row10 = absl::StrCat("key=X'", Hex(KeyOf(10)), "'");
  const std::string name10 = absl::StrCat("row ", Hex(KeyOf(10)), " of bucket 1 ");
  struct Case {
    std::string sql;
    std::vector<std::string> problems;
  };
  const std::vector<Case> cases = {
      {absl::StrCat("UPDATE slots SET content=X'00' WHERE slot=(SELECT slot FROM rows WHERE ", row10, ")"),
       {name10 + "does not hold"}},
      {"DELETE FROM rows WHERE " + row10, {name10 + "is missing", "the head counts 8 rows, there are 7"}},
      {absl::StrCat("UPDATE rows SET bucket=3 WHERE ", row10),
       {name10 + "is missing", absl::StrCat("row ", Hex(KeyOf(10)), " of bucket 3 is not in its directory")}},
      {absl::StrCat("UPDATE rows SET bucket=9 WHERE ", row10),
       {name10 + "is missing", absl::StrCat("row ", Hex(KeyOf(10)), " of bucket 9 is out of place")}},
      {"UPDATE bucket_digests SET digest=zeroblob(32) WHERE bucket=1",
       {"do not make up the head's root", "directory of bucket 1 does not fit"}},
      {"UPDATE directories SET entries=zeroblob(100) WHERE bucket=1",
       {"directory of bucket 1 does not fit", "bucket 1: a bucket directory of 100 bytes",
        "of bucket 1 is not in its directory", "of bucket 1 is not in its directory"}},
      {"UPDATE head SET records=7", {"forged", "the head counts 7 rows"}},
  };
  for (const Case& damage : cases) {
    Restore(image);
    Meddle(path(), damage.sql);
    const auto report = Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->problem_count, damage.problems.size()) << damage.sql;
    for (const std::string& problem : damage.problems) {
      EXPECT_THAT(report->problems, testing::Contains(HasSubstr(problem))) << damage.sql;
    }
  }
}

TEST_P(OfflineTest, AnOldCopyVerifiesButForItsAge) {
  const Image image = Copy();
  ASSERT_TRUE(Commit({Put(1, 10, Bytes(3))}).ok());
  Stop();
  Restore(image);
  const auto report = Verify();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->freshness.freshness, hsm::Freshness::kStale);
  EXPECT_THAT(report->problems, ElementsAre(HasSubstr("rolled back by 1 epoch")));
}

TEST_P(OfflineTest, AcceptMakesARestoredCopyCurrentAndLowersEveryRow) {
  const Image old = Copy();
  ASSERT_TRUE(Commit({Put(1, 10, Bytes(40, 99))}).ok());
  Stop();
  Restore(old);
  ASSERT_TRUE(absl::IsDataLoss(Open()));

  ReanchorRequest request = Request();
  request.known_discontinuities = 4;
  const auto report = Accept(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 7U);
  EXPECT_EQ(report->left_out, 1U);
  EXPECT_EQ(report->discontinuities, 5U);

  EXPECT_TRUE(absl::IsDataLoss(Open())) << "the restored copy stays refused";
  const absl::Status opened = OpenAt(target_path(), running_);
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_EQ(running_.ledger->discontinuities(), 5U);
  EXPECT_EQ(running_.ledger->row_count(), 7U);
  EXPECT_EQ(running_.ledger->epoch(), report->epoch + 2);
  Bytes lowered(40, 16);
  lowered[0] = 0xFF;
  EXPECT_EQ(*Read(1, 10), lowered);
  EXPECT_EQ(*Read(2, 20), std::nullopt);
  ASSERT_TRUE(Commit({Put(2, 20, Bytes(5))}).ok());
  Stop();
  // As accept does: nothing has emptied the old ledger's log, and SQLite would apply it to the new file.
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path().string() + suffix);
  std::filesystem::rename(target_path(), path());
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok() && verified->intact());
  EXPECT_EQ(verified->head.discontinuities, 5U) << "every later batch carries the number on";
}

TEST_P(OfflineTest, AcceptTakesRowsWhoseDigestsAreLost) {
  Stop();
  Meddle(path(),
         "DELETE FROM directories; DELETE FROM bucket_digests; UPDATE head SET discontinuities=1<<62");
  const auto report = Accept(Request());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->discontinuities, 1U) << "a number that no operator ever reached is not believed";
  ASSERT_TRUE(OpenAt(target_path(), running_).ok());
  EXPECT_EQ(running_.ledger->row_count(), 7U);
}

TEST_P(OfflineTest, AnAcceptThatDidNotFinishIsRefusedAndCanBeginAgain) {
  std::vector<RowWrite> writes;
  for (uint32_t key = 1000; key < 6000; ++key) writes.push_back(Put(key % 4, key, Bytes(20, 1)));
  ASSERT_TRUE(Commit(std::move(writes)).ok());
  Stop();
  ReanchorRequest request = Request();
  int rows = 0;
  const auto lower = request.transform;
  request.transform = [&](const RowAddress& address,
                          ByteView content) -> absl::StatusOr<std::optional<Bytes>> {
    if (++rows > 4500) return absl::CancelledError("the operator lost patience");
    return lower(address, content);
  };
  EXPECT_TRUE(absl::IsCancelled(Accept(request).status()));
  const absl::Status unfinished = OpenAt(target_path(), running_);
  EXPECT_TRUE(absl::IsFailedPrecondition(unfinished)) << unfinished;
  EXPECT_THAT(unfinished.ToString(), HasSubstr("unfinished rebuild"));
  EXPECT_THAT(Accept(Request()).status().ToString(), HasSubstr("not empty"));
  ASSERT_TRUE(Open().ok()) << "the source was never touched, nor the device";
  Stop();
  std::filesystem::remove(target_path());
  const auto report = Accept(Request());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 5007U);
  EXPECT_TRUE(OpenAt(target_path(), running_).ok());
}

TEST_P(OfflineTest, AcceptWantsALedgerOfTheRealm) {
  Stop();
  ReanchorRequest request = Request();
  request.realm_id = ToBytes("another-realm-id");
  EXPECT_TRUE(absl::IsFailedPrecondition(Accept(request).status()));
  Meddle(path(), "DELETE FROM head");
  EXPECT_TRUE(absl::IsFailedPrecondition(Accept(Request()).status()));
}

}  // namespace
}  // namespace labrec::recovery
