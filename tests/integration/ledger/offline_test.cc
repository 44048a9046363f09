#include <map>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/reanchor.h"
#include "recovery/ledger/verify.h"
#include "recovery/ledger/vouched_rows.h"
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

  // How the rows 10 and 11 of bucket 1, 15 of bucket 1 and 20 of bucket 2 stand, of those that are visited.
  std::map<uint32_t, Standing> Standings() {
    std::map<uint32_t, Standing> found;
    const auto store = OpenSqliteStore(path());
    const auto device = device_->Open();
    EXPECT_TRUE(store.ok() && device.ok());
    auto vouched = VouchedRows::Find(**store, *(*device)->freshness_anchor(), kRealm);
    EXPECT_TRUE(vouched.ok()) << vouched.status();
    any_ = vouched->any();
    std::optional<RowAddress> last;
    const absl::Status walked =
        vouched->ForEachRow([&](const RowAddress& address, ByteView content, Standing standing) {
          EXPECT_EQ(content.empty(), standing == Standing::kMissing);
          EXPECT_TRUE(!last || last->bucket < address.bucket || last->key < address.key) << "not in order";
          last = address;
          for (const uint32_t number : {10, 11, 15, 20}) {
            if (address.key == KeyOf(number)) found[number] = standing;
          }
          return absl::OkStatus();
        });
    EXPECT_TRUE(walked.ok()) << walked;
    return found;
  }

  absl::Status any_;
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

constexpr Standing kGood = Standing::kVouched;
constexpr Standing kDoubtful = Standing::kDoubtful;

TEST_P(OfflineTest, TheDeviceVouchesForRowsThatFitItsHeadsTree) {
  Stop();
  const Image image = Copy();
  struct Case {
    std::string sql;
    std::map<uint32_t, Standing> standings;
  };
  const std::string of_row10 = absl::StrCat(" WHERE key=X'", Hex(KeyOf(10)), "'; ");
  const std::string edited_row =
      absl::StrCat("UPDATE slots SET content=X'00' WHERE slot=(SELECT slot FROM rows",
                   of_row10.substr(0, of_row10.size() - 2), "); ");
  const std::string edited_digest = "UPDATE bucket_digests SET digest=zeroblob(32) WHERE bucket=1; ";
  const std::string edited_directory = "UPDATE directories SET entries=zeroblob(64) WHERE bucket=1; ";
  const std::string removed_row = absl::StrCat("DELETE FROM rows", of_row10);
  const std::string moved_row = absl::StrCat("UPDATE rows SET key=X'", Hex(KeyOf(15)), "'", of_row10);
  const std::map<uint32_t, Standing> nothing = {{10, kDoubtful}, {11, kDoubtful}, {20, kDoubtful}};
  const std::vector<Case> cases = {
      {"UPDATE rows SET bucket=bucket", {{10, kGood}, {11, kGood}, {20, kGood}}},
      {edited_row, {{10, kDoubtful}, {11, kGood}, {20, kGood}}},
      {edited_digest, {{10, kGood}, {11, kGood}, {20, kGood}}},
      {edited_digest + edited_row, {{10, kDoubtful}, {11, kGood}, {20, kGood}}},
      {edited_directory, {{10, kDoubtful}, {11, kDoubtful}, {20, kGood}}},
      {removed_row, {{10, Standing::kMissing}, {11, kGood}, {20, kGood}}},
      {"DELETE FROM rows WHERE bucket=1", {{10, Standing::kMissing}, {11, Standing::kMissing}, {20, kGood}}},
      {"DELETE FROM rows WHERE bucket>=2", {{10, kGood}, {11, kGood}, {20, Standing::kMissing}}},
      {moved_row, {{10, Standing::kMissing}, {11, kGood}, {15, Standing::kUnnamed}, {20, kGood}}},
      {moved_row + edited_directory, {{11, kDoubtful}, {15, kDoubtful}, {20, kGood}}},
      {edited_directory + edited_digest, nothing},
      {"UPDATE head SET records=7", nothing},
      {"UPDATE head SET root=zeroblob(32)", nothing},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.sql);
    Restore(image);
    Meddle(path(), each.sql);
    EXPECT_EQ(Standings(), each.standings);
    EXPECT_EQ(any_.ok(), each.standings != nothing);
  }
}

// A TPM judges heads of every epoch; a token has destroyed the key.
TEST_P(OfflineTest, OfARestoredCopyOnlySomeDevicesCanTell) {
  const Image old = Copy();
  ASSERT_TRUE(Commit({Put(1, 10, Bytes(40, 99))}).ok());
  Stop();
  Restore(old);
  const bool is_tpm = std::string(GetParam()) == "swtpm";
  EXPECT_EQ(Standings()[10], is_tpm ? kGood : kDoubtful);
  EXPECT_THAT(any_.ToString(), HasSubstr(is_tpm ? "OK" : "has destroyed the key that could vouch for it"));
}

// A rebuild takes its rows from the walk, those that are missing too.
TEST_P(OfflineTest, ARebuildHasAPlaceForRowsThatAreMissing) {
  Stop();
  Meddle(path(), absl::StrCat("DELETE FROM rows WHERE bucket=1 AND key=X'", Hex(KeyOf(10)), "'"));
  const auto store = OpenSqliteStore(path());
  ASSERT_TRUE(store.ok());
  const auto device = device_->Open();
  ASSERT_TRUE(device.ok());
  auto vouched = VouchedRows::Find(**store, *(*device)->freshness_anchor(), kRealm);
  ASSERT_TRUE(vouched.ok()) << vouched.status();
  ReanchorRequest request;
  request.realm_id = kRealm;
  request.rows = [&](const ReanchorRequest::VisitRow& visit) {
    return vouched->ForEachRow(
        [&](const RowAddress& address, ByteView row, Standing) { return visit(address, row); });
  };
  request.transform = [](const RowAddress&, ByteView row) -> absl::StatusOr<std::optional<Bytes>> {
    return row.empty() ? Bytes(7, 7) : ToBytes(row);
  };
  const auto target = OpenSqliteStore(target_path(), {.open = SqliteOptions::Open::kCreateIfMissing});
  ASSERT_TRUE(target.ok());
  const auto report = Reanchor(**store, **target, *(*device)->freshness_anchor(), request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows, 8U);
  EXPECT_EQ(*(*target)->ReadRow({1, KeyOf(10)}), Bytes(7, 7));
  const auto walked = VerifyAll(**target, *(*device)->freshness_anchor(), kRealm, {});
  ASSERT_TRUE(walked.ok()) << walked.status();
  EXPECT_TRUE(walked->intact());
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
