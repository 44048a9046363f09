#include <functional>
#include <map>

#include "hsm/base/status_macros.h"
#include "tests/integration/ledger/sealed_fixture.h"

namespace labrec::recovery {
namespace {

// A process that dies at its n-th step: that step is done, or is not, and nothing is after it.
class Death {
 public:
  Death(int step, bool acts) : left_(step), acts_(acts) {}
  template <typename Result>
  Result At(const std::function<Result()>& step) {
    if (dead_) return absl::InternalError("the process is dead");
    if (left_-- > 0) return step();
    dead_ = true;
    if (acts_) (void)step();
    return absl::InternalError("the process dies here");
  }
  bool dead() const { return dead_; }

 private:
  int left_;
  const bool acts_;
  bool dead_ = false;
};

class MortalKeys final : public hsm::PeriodKeys {
 public:
  MortalKeys(hsm::PeriodKeys& real, Death& death) : real_(real), death_(death) {}
  absl::StatusOr<std::vector<hsm::PeriodKeyId>> List() override { return real_.List(); }
  absl::StatusOr<hsm::PeriodKeyId> Make(uint64_t number, uint64_t at) override {
    return death_.At<absl::StatusOr<hsm::PeriodKeyId>>([&] { return real_.Make(number, at); });
  }
  absl::StatusOr<SecretBytes> Use(const hsm::PeriodKeyId& id) override { return real_.Use(id); }
  absl::Status Destroy(const hsm::PeriodKeyId& id) override {
    return death_.At<absl::Status>([&] { return real_.Destroy(id); });
  }
  uint64_t writes() const override { return real_.writes(); }

 private:
  hsm::PeriodKeys& real_;
  Death& death_;
};

// Storage of a process that dies; and which shows directories of another time where the test has some.
class MortalStore final : public Store {
 public:
  MortalStore(std::unique_ptr<Store> real, Death& death) : real_(std::move(real)), death_(death) {}
  absl::StatusOr<std::optional<HeadRow>> ReadHead() override { return real_->ReadHead(); }
  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) override {
    return real_->ReadRow(address);
  }
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override {
    LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> one, ReadDirectories({&bucket, 1}));
    return std::move(one[0]);
  }
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> rows) override {
    return real_->ReadRows(rows);
  }
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override {
    LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> all, real_->ReadDirectories(buckets));
    for (size_t i = 0; i < buckets.size(); ++i) {
      if (const auto shown = shown_.find(buckets[i]); shown != shown_.end()) all[i] = shown->second;
    }
    return all;
  }
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    return real_->ForEachBucketDigest(visit);
  }
  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override {
    return real_->ForEachRowAfter(after, visit);
  }
  absl::Status MakeDurable() override { return real_->MakeDurable(); }
  absl::Status Write(const StoreBatch& batch) override {
    return death_.At<absl::Status>([&] { return real_->Write(batch); });
  }
  void Show(uint32_t bucket, Bytes directory) { shown_[bucket] = std::move(directory); }
  void ShowTruth() { shown_.clear(); }

 private:
  const std::unique_ptr<Store> real_;
  Death& death_;
  std::map<uint32_t, Bytes> shown_;
};

class RotationCrashTest : public SealedTest {
 protected:
  // Opens the ledger in a process that dies so.
  void OpenMortal(Death& death) {
    running_ = Running();
    auto device = device_->Open();
    ASSERT_TRUE(device.ok()) << device.status();
    auto raw = storage_->Open(path());
    ASSERT_TRUE(raw.ok()) << raw.status();
    mortal_keys_ = std::make_unique<MortalKeys>(*(*device)->period_keys(), death);
    auto mortal = std::make_unique<MortalStore>(*std::move(raw), death);
    mortal_ = mortal.get();
    auto sealed = SealedStore::Over(std::move(mortal), *mortal_keys_);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    auto ledger = Ledger::Open(**sealed, *(*device)->freshness_anchor(), kRealm);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    running_ = {*std::move(sealed), *std::move(device), *std::move(ledger), {}};
  }

  // Whether the process lived to the end of its rotation.
  bool RotateAndDieAt(int step, bool acts) {
    constexpr int kStepsOfAStart = 2;  // the two fences
    Death death(kStepsOfAStart + step, acts);
    OpenMortal(death);
    if (HasFatalFailure()) return true;
    const absl::Status rotated = Rotate(EarlierKey::kDestroyed);
    EXPECT_EQ(rotated.ok(), !death.dead()) << rotated;
    Stop();
    return !death.dead();
  }

  std::unique_ptr<MortalKeys> mortal_keys_;
  MortalStore* mortal_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Devices, RotationCrashTest, testing::ValuesIn(kSealed),
                         [](const auto& param) { return std::string(param.param); });

// At each step of a rotation the process dies, before the step is done and after it. Then nothing is lost,
// and the next rotation ends what that one began.
TEST_P(RotationCrashTest, NoCrashLosesARowOrKeepsAKey) {
  Create(7);
  FillKnown(80);
  bool lived = false;
  int deaths = 0;
  for (int step = 0; !lived && step < 40; ++step) {
    for (const bool acts : {false, true}) {
      ASSERT_TRUE(running_.ledger != nullptr || Open().ok());
      Set(1, 500, "erased before step " + std::to_string(step));
      const Image dump = Copy();
      Erase(1, 500);
      Stop();
      lived = RotateAndDieAt(step, acts);
      deaths += lived ? 0 : 1;
      ASSERT_TRUE(Open().ok()) << "step " << step;
      ExpectRows();
      ASSERT_TRUE(Rotate(EarlierKey::kDestroyed).ok()) << "step " << step;
      ExpectRows();
      EXPECT_EQ(keys().List()->size(), 1U);
      const auto old = ReadOldCopy(dump, 1, 500);
      EXPECT_TRUE(absl::IsDataLoss(old.status())) << "step " << step << ": " << old.status();
    }
  }
  EXPECT_TRUE(lived);
  EXPECT_GE(deaths, 12) << "sealing anew, two batches, one key made and one destroyed at least";
}

// Storage that shows a directory of another time would have keys of erased rows carried over to the new key.
TEST_P(RotationCrashTest, AnOldDirectoryIsNotCarriedOver) {
  Create();
  FillKnown();
  Set(2, 99, "erase me");
  Stop();
  Bytes old_directory;
  {
    const auto raw = storage_->Open(path());
    ASSERT_TRUE(raw.ok()) << raw.status();
    old_directory = *(*raw)->ReadDirectory(2);
  }
  Death never(1 << 30, false);
  OpenMortal(never);
  Erase(2, 99);
  mortal_->Show(2, old_directory);
  const absl::Status refused = Rotate(EarlierKey::kDestroyed);
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_EQ(keys().List()->size(), 1U) << "none was made, none destroyed";
  // Nor by a batch: row 20 stays as it was, and the directory that is shown has another row beside it.
  mortal_->ShowTruth();
  Set(2, 20, "row 20 anew");
  const auto before = *mortal_->ReadDirectory(2);
  Set(2, 21, "row 21 anew");
  mortal_->Show(2, before);
  EXPECT_FALSE(Commit({Put(2, 22, ToBytes("row 22 anew"))}).ok());
}

}  // namespace
}  // namespace labrec::recovery
