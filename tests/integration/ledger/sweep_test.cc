#include <filesystem>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tests/integration/ledger/support.h"

namespace labrec::recovery {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr size_t kSteps = 200;
constexpr uint32_t kBuckets = 4;
constexpr uint32_t kRows = 7;

// A run of kSteps batches with a snapshot after each, stopped. A batch writes one row; rows take turns.
class SweepTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    Create();
    for (size_t step = 0; step < kSteps; ++step) {
      ASSERT_TRUE(Commit({Put(BucketAt(step), RowAt(step), Content(step))}).ok());
      const absl::Status taken = static_cast<SqliteStore&>(*running_.store).Snapshot(SnapshotAt(step));
      ASSERT_TRUE(taken.ok()) << taken;
    }
    Stop();
    auto device = device_->Open();
    ASSERT_TRUE(device.ok()) << device.status();
    start_device_ = *std::move(device);
  }

  static uint32_t BucketAt(size_t step) { return static_cast<uint32_t>(step) % kBuckets; }
  static uint32_t RowAt(size_t step) { return static_cast<uint32_t>(step) % kRows; }
  static Bytes Content(size_t step) { return Bytes(30, static_cast<uint8_t>(step)); }
  std::filesystem::path SnapshotAt(size_t step) const {
    return folder_.path() / absl::StrCat("step-", step, ".db");
  }
  std::filesystem::path copy_path() const { return folder_.path() / "copy.db"; }

  // Puts snapshot `base` where a ledger is started, after doing `sql` to it with snapshot `other` attached
  // under that name.
  void Place(size_t base, size_t other = 0, const std::string& sql = "") {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(copy_path().string() + suffix);
    std::filesystem::copy_file(SnapshotAt(base), copy_path(),
                               std::filesystem::copy_options::overwrite_existing);
    if (sql.empty()) return;
    Meddle(copy_path(), absl::StrCat("ATTACH '", SnapshotAt(other).string(), "' AS other;", sql));
  }
  // Starts a ledger there; `use` is called with it, if it starts.
  absl::Status Start(const std::function<absl::Status(Ledger&)>& use = nullptr) {
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, OpenSqliteStore(copy_path()));
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Ledger> ledger,
                            Ledger::Open(*store, *start_device_->freshness_anchor(), kRealm));
    return use ? use(*ledger) : absl::OkStatus();
  }
  // A start moves the device on by its fence, so the latest state is the one that it leaves behind.
  void KeepAsLatest() {
    std::filesystem::copy_file(copy_path(), SnapshotAt(kSteps - 1),
                               std::filesystem::copy_options::overwrite_existing);
  }

  // The last step that wrote the same row.
  static size_t LatestOf(size_t step) {
    size_t latest = step;
    while (latest + kBuckets * kRows < kSteps) latest += kBuckets * kRows;
    return latest;
  }
  static std::string Row(size_t step) {
    return absl::StrCat("bucket=", BucketAt(step), " AND key=X'", Hex(KeyOf(RowAt(step))), "'");
  }

  std::unique_ptr<hsm::Device> start_device_;
};
INSTANTIATE_TEST_SUITE_P(Devices, SweepTest, testing::Values("swtpm", "softhsm2"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(SweepTest, EveryEarlierSnapshotIsRefused) {
  for (size_t step = 0; step + 1 < kSteps; ++step) {
    Place(step);
    const absl::Status refused = Start();
    ASSERT_TRUE(absl::IsDataLoss(refused)) << step << " " << refused;
    const size_t behind = kSteps - 1 - step;
    ASSERT_THAT(refused.ToString(),
                HasSubstr(absl::StrCat("rolled back by ", behind, behind == 1 ? " epoch:" : " epochs:")));
    ASSERT_THAT(refused.ToString(), HasSubstr("labyrinth-admin anchor accept"));
  }
  Place(kSteps - 1);
  const absl::Status latest = Start([](Ledger& ledger) -> absl::Status {
    for (size_t step = kSteps - kBuckets * kRows; step < kSteps; ++step) {
      LABREC_ASSIGN_OR_RETURN(const auto row, ledger.Read({BucketAt(step), KeyOf(RowAt(step))}));
      EXPECT_EQ(row, Content(step));
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(latest.ok()) << latest;
}

// The current head, whose evidence is good, over the rows of each earlier snapshot; and each earlier head
// over the current rows.
TEST_P(SweepTest, NoEarlierStatePassesUnderAnotherHead) {
  const std::string swap = "INSERT OR REPLACE INTO head SELECT * FROM other.head";
  for (size_t step = 0; step + 1 < kSteps; ++step) {
    Place(step, kSteps - 1, swap);
    const absl::Status old_rows = Start();
    ASSERT_TRUE(absl::IsDataLoss(old_rows)) << step << " " << old_rows;
    ASSERT_THAT(old_rows.ToString(), HasSubstr("edited: the bucket digests do not make up the head's root"));
    Place(kSteps - 1, step, swap);
    const absl::Status old_head = Start();
    ASSERT_TRUE(absl::IsDataLoss(old_head)) << step << " " << old_head;
    ASSERT_THAT(old_head.ToString(), HasSubstr("rolled back by"));
    Place(step, kSteps - 1, "UPDATE head SET epoch=(SELECT epoch FROM other.head)");
    const absl::Status renumbered = Start();
    ASSERT_TRUE(absl::IsDataLoss(renumbered)) << step << " " << renumbered;
    ASSERT_THAT(renumbered.ToString(), HasSubstr("forged"));
  }
}

// One bucket of each earlier snapshot, with all that belongs to it, among the current ones.
TEST_P(SweepTest, NoEarlierBucketPasses) {
  size_t mixed = 0;
  for (size_t step = 0; step + kBuckets < kSteps; ++step) {
    const uint32_t bucket = BucketAt(step);
    Place(
        kSteps - 1, step,
        absl::StrCat(
            "INSERT OR REPLACE INTO bucket_digests SELECT * FROM other.bucket_digests WHERE bucket=", bucket,
            ";INSERT OR REPLACE INTO directories SELECT * FROM other.directories WHERE bucket=", bucket,
            ";INSERT OR REPLACE INTO slots SELECT slots.* FROM other.slots AS slots JOIN other.rows "
            "AS rows ON rows.slot = slots.slot WHERE rows.bucket=",
            bucket));
    const absl::Status refused = Start();
    ASSERT_TRUE(absl::IsDataLoss(refused)) << step << " " << refused;
    ASSERT_THAT(refused.ToString(), AnyOf(HasSubstr("whole buckets are of another time"),
                                          HasSubstr("does not fit the directory of bucket")));
    ++mixed;
  }
  EXPECT_EQ(mixed, kSteps - kBuckets);
}

// One row of each earlier snapshot in its present place: found when it is read, and when its bucket changes.
TEST_P(SweepTest, NoEarlierRowPasses) {
  for (size_t step = 0; step + kBuckets * kRows < kSteps; ++step) {
    Place(
        kSteps - 1, step,
        absl::StrCat("UPDATE slots SET content=(SELECT s.content FROM other.slots AS s JOIN other.rows AS r "
                     "ON r.slot=s.slot WHERE r.",
                     Row(step), ") WHERE slot=(SELECT slot FROM main.rows WHERE ", Row(step), ")"));
    absl::Status read;
    const absl::Status started = Start([&](Ledger& ledger) {
      read = ledger.Read({BucketAt(step), KeyOf(RowAt(step))}).status();
      return absl::OkStatus();
    });
    ASSERT_TRUE(started.ok()) << step << " " << started;
    ASSERT_TRUE(absl::IsDataLoss(read)) << step << " " << read;
    ASSERT_THAT(read.ToString(), HasSubstr("does not hold what the ledger knows"));
    // Back to what it was; what the start's fence wrote stays.
    Meddle(copy_path(), absl::StrCat("UPDATE slots SET content=X'", Hex(Content(LatestOf(step))),
                                     "' WHERE slot=(SELECT slot FROM rows WHERE ", Row(step), ")"));
    KeepAsLatest();
  }
}

}  // namespace
}  // namespace labrec::recovery
