#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "tests/integration/ledger/support.h"
#include "tests/support/process/eventually.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Devices, LedgerTest, testing::ValuesIn(kOnBothEngines),
                         [](const auto& kind) { return std::string(kind.param); });

// A store, with answers of Write taken away or made up.
class FaultyStore : public Store {
 public:
  enum class Next { kWorks, kRefuses, kKeepsAndRefuses, kFails };
  explicit FaultyStore(Store& real) : real_(real) {}
  Next next = Next::kWorks;
  std::function<void(const StoreBatch&)> on_refused;
  int reads = 0;  // of rows and directories

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override { return real_.ReadHead(); }
  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& at) override {
    ++reads;
    return real_.ReadRow(at);
  }
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override {
    ++reads;
    return real_.ReadDirectory(bucket);
  }
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> at) override {
    return real_.ReadRows(at);
  }
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override {
    ++reads;
    return real_.ReadDirectories(buckets);
  }
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    return real_.ForEachBucketDigest(visit);
  }
  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override {
    return real_.ForEachRowAfter(after, visit);
  }
  absl::Status MakeDurable() override { return real_.MakeDurable(); }
  absl::Status Write(const StoreBatch& batch) override {
    const Next now = std::exchange(next, Next::kWorks);
    if (now == Next::kFails) return absl::InternalError("disk on fire");
    if (now == Next::kWorks) return real_.Write(batch);
    if (on_refused) on_refused(batch);
    return absl::AbortedError("disk full");
  }

 private:
  Store& real_;
};

TEST_P(LedgerTest, KeepsRowsOverRestarts) {
  Create();
  EXPECT_EQ(running_.ledger->row_count(), 0U);
  Fill();
  EXPECT_EQ(running_.ledger->row_count(), 8U);
  const uint64_t epoch = running_.ledger->epoch();
  ASSERT_TRUE(Commit({Put(1, 10, Bytes(900, 7)), {{2, KeyOf(20)}, std::nullopt}, Put(3, 99, Bytes())}).ok());
  EXPECT_EQ(running_.ledger->epoch(), epoch + 1);
  for (int start = 1; start <= 3; ++start) {
    EXPECT_EQ(running_.ledger->row_count(), 8U);
    EXPECT_EQ(*Read(1, 10), Bytes(900, 7));
    EXPECT_EQ(*Read(1, 11), Bytes(40, 17));
    EXPECT_EQ(*Read(2, 20), std::nullopt);
    EXPECT_EQ(*Read(3, 99), Bytes());
    EXPECT_EQ(*Read(0, 12345), std::nullopt);
    Stop();
    ASSERT_TRUE(Open().ok());
    EXPECT_FALSE(running_.report.rolled_forward);
    EXPECT_EQ(running_.ledger->epoch(), epoch + 1 + 2 * static_cast<uint64_t>(start)) << "two fences a start";
    EXPECT_TRUE(running_.ledger->settled());
    EXPECT_EQ(running_.report.epoch, running_.ledger->epoch());
  }
}

TEST_P(LedgerTest, OneRealmIsMadeOnce) {
  Create();
  auto again = Ledger::Create(*running_.store, *running_.device->freshness_anchor(), kRealm, 2);
  EXPECT_TRUE(absl::IsAlreadyExists(again.status())) << again.status();
  EXPECT_TRUE(Commit({}).ok());
}

TEST_P(LedgerTest, BatchesThatMakeNoSenseAreRefusedAndChangeNothing) {
  Create();
  Fill();
  EXPECT_TRUE(absl::IsInvalidArgument(Commit({Put(4, 1, Bytes(1))})));
  EXPECT_TRUE(absl::IsInvalidArgument(Commit({Put(1, 1, Bytes(1)), Put(1, 1, Bytes(2))})));
  EXPECT_TRUE(absl::IsInvalidArgument(Read(4, 1).status()));
  auto first = running_.ledger->Stage({Put(1, 1, Bytes(1))});
  auto second = running_.ledger->Stage({Put(1, 2, Bytes(1))});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(running_.ledger->Persist(**first))) << "superseded";
  EXPECT_TRUE(absl::IsFailedPrecondition(running_.ledger->Anchor(**second))) << "not persisted";
  ASSERT_TRUE(running_.ledger->Persist(**second).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(running_.ledger->Persist(**second))) << "twice";
  EXPECT_TRUE(absl::IsFailedPrecondition(running_.ledger->Stage({}).status())) << "not anchored";
  EXPECT_EQ(*Read(1, 2), Bytes(1)) << "persisted rows are read";
  ASSERT_TRUE(running_.ledger->Anchor(**second).ok());
  EXPECT_EQ(*Read(1, 1), std::nullopt);
  EXPECT_EQ(running_.ledger->row_count(), 9U);
}

TEST_P(LedgerTest, AgreesWithAMapOverRandomBatchesAndRestarts) {
  for (const uint32_t exponent : {0U, 5U}) {
    Stop();
    storage_->Remove(path());
    Create(exponent);
    reads_ = exponent == 0 ? Ledger::Reads::kKept : Ledger::Reads::kFromStorage;
    ASSERT_TRUE(Open().ok());
    std::mt19937 random(exponent);
    std::map<uint32_t, Bytes> expected;
    for (int step = 0; step < 30; ++step) {
      std::map<uint32_t, RowWrite> batch;
      for (int i = 0; i < 6; ++i) {
        const uint32_t key = static_cast<uint32_t>(random() % 30);
        RowWrite write =
            Put(key % (1U << exponent), key, Bytes(random() % 300, static_cast<uint8_t>(random())));
        if (random() % 4 == 0) write.content.reset();
        batch[key] = write;
      }
      std::vector<RowWrite> writes;
      for (const auto& [key, write] : batch) {
        writes.push_back(write);
        if (write.content.has_value()) {
          expected[key] = *write.content;
        } else {
          expected.erase(key);
        }
      }
      ASSERT_TRUE(Commit(std::move(writes)).ok());
      if (step % 10 == 9) {
        ASSERT_TRUE(Open().ok());
      }
      ASSERT_EQ(running_.ledger->row_count(), expected.size());
      for (uint32_t key = 0; key < 30; ++key) {
        const auto row = Read(key % (1U << exponent), key);
        ASSERT_TRUE(row.ok()) << row.status();
        const auto at = expected.find(key);
        ASSERT_EQ(*row, at == expected.end() ? std::nullopt : std::optional(at->second)) << key;
      }
    }
  }
}

// What a batch replaced or removed is never answered, and what it wrote is answered without storage.
TEST_P(LedgerTest, AsksStorageOnceForWhatItKeeps) {
  Create();
  Fill();
  FaultyStore store(*running_.store);
  auto opened =
      Ledger::Open(store, *running_.device->freshness_anchor(), kRealm, nullptr, Ledger::Reads::kKept);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Ledger& ledger = **opened;
  const auto reads_of = [&](const std::function<void()>& what) {
    store.reads = 0;
    what();
    return store.reads;
  };
  const auto read = [&](uint32_t key) { return *ledger.Read({1, KeyOf(key)}); };
  EXPECT_EQ(reads_of([&] { EXPECT_EQ(read(10), Bytes(40, 16)); }), 2) << "a directory and a row";
  EXPECT_EQ(reads_of([&] { EXPECT_EQ(read(10), Bytes(40, 16)); }), 0);
  EXPECT_EQ(reads_of([&] { EXPECT_EQ(read(11), Bytes(40, 17)); }), 1);
  EXPECT_EQ(reads_of([&] {
              ASSERT_TRUE(Commit(ledger, {Put(1, 10, Bytes(5, 1)), {{1, KeyOf(11)}, std::nullopt}}).ok());
              EXPECT_EQ(read(10), Bytes(5, 1));
              EXPECT_EQ(read(11), std::nullopt);
              EXPECT_EQ(read(12), std::nullopt);
            }),
            0);
  auto staged = ledger.Stage({Put(1, 10, Bytes(5, 2))});
  ASSERT_TRUE(staged.ok());
  EXPECT_EQ(read(10), Bytes(5, 1)) << "not persisted";
  store.next = FaultyStore::Next::kRefuses;
  EXPECT_TRUE(absl::IsAborted(ledger.Persist(**staged)));
  EXPECT_EQ(read(10), Bytes(5, 1)) << "refused";
}

// Readers may meet a batch at any point of its way to storage, and never call that damage.
TEST_P(LedgerTest, ReadersNeverMistakeABatchForDamage) {
  Create(0);
  for (const Ledger::Reads reads : {Ledger::Reads::kKept, Ledger::Reads::kFromStorage}) {
    reads_ = reads;
    ASSERT_TRUE(Open().ok());
    ASSERT_TRUE(Commit({Put(0, 1, Bytes(200, 0)), Put(0, 2, Bytes(200, 0))}).ok());
    std::atomic<bool> stop = false;
    std::atomic<int> looks = 0;
    std::vector<std::thread> readers;
    for (uint32_t key : {1U, 2U, 1U}) {
      readers.emplace_back([this, key, &stop, &looks] {
        uint8_t last = 0;
        while (!stop) {
          const auto row = Read(0, key);
          ASSERT_TRUE(row.ok()) << row.status();
          ASSERT_TRUE(row->has_value());
          ASSERT_GE((**row)[0], last) << "an older state came back";
          last = (**row)[0];
          ++looks;
        }
      });
    }
    for (uint8_t i = 1; i <= 40; ++i) {
      ASSERT_TRUE(Commit({Put(0, 1, Bytes(200, i)), Put(0, 2, Bytes(200, i))}).ok());
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_GT(looks, 40);
  }
}

TEST_P(LedgerTest, GoesOnWhenTheDeviceComesBack) {
  Create();
  auto batch = running_.ledger->Stage({Put(1, 1, Bytes(5, 5))});
  ASSERT_TRUE(batch.ok());
  ASSERT_TRUE(running_.ledger->Persist(**batch).ok());
  device_->Break();
  EXPECT_TRUE(absl::IsUnavailable(running_.ledger->Anchor(**batch)));
  EXPECT_TRUE(absl::IsFailedPrecondition(running_.ledger->Stage({}).status()));
  device_->Repair();
  absl::Status anchored;
  test::Eventually([&] { return !absl::IsUnavailable(anchored = running_.ledger->Anchor(**batch)); });
  ASSERT_TRUE(anchored.ok()) << anchored;
  device_->Break();
  EXPECT_TRUE(absl::IsUnavailable(running_.ledger->Stage({}).status()));
  device_->Repair();
}

// Storage refuses a batch, keeps it all the same, and shows it later as the state of its epoch.
TEST_P(LedgerTest, ARefusedBatchNeverComesBack) {
  Create();
  Fill();
  FaultyStore store(*running_.store);
  auto opened = Ledger::Open(store, *running_.device->freshness_anchor(), kRealm);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Ledger& ledger = **opened;
  const uint64_t epoch = ledger.epoch();

  const auto hidden = folder_.path() / "hidden.db";
  store.on_refused = [&](const StoreBatch& batch) {
    RestoreAt(Copy(), hidden);
    auto kept = storage_->Open(hidden);
    ASSERT_TRUE(kept.ok() && (*kept)->Write(batch).ok());
  };
  store.next = FaultyStore::Next::kKeepsAndRefuses;
  auto refused = ledger.Stage({Put(1, 50, Bytes(5, 1))});
  ASSERT_TRUE(refused.ok());
  EXPECT_TRUE(absl::IsAborted(ledger.Persist(**refused)));
  EXPECT_EQ(ledger.epoch(), epoch + 1) << "an empty batch took the epoch";
  EXPECT_FALSE(ledger.settled()) << "of which there are two good states";
  EXPECT_EQ(*ledger.Read({1, KeyOf(50)}), std::nullopt);
  ASSERT_TRUE(Commit(ledger, {Put(1, 51, Bytes(5, 2))}).ok());
  EXPECT_EQ(ledger.epoch(), epoch + 2);
  EXPECT_TRUE(ledger.settled());

  opened->reset();
  Stop();
  Running second;
  const absl::Status back = OpenAt(hidden, second);
  EXPECT_TRUE(absl::IsDataLoss(back)) << back;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(*Read(1, 51), Bytes(5, 2));
}

TEST_P(LedgerTest, AnUncertainWriteStopsTheLedger) {
  Create();
  FaultyStore store(*running_.store);
  auto ledger = Ledger::Open(store, *running_.device->freshness_anchor(), kRealm);
  ASSERT_TRUE(ledger.ok());
  store.next = FaultyStore::Next::kFails;
  const absl::Status failed = Commit(**ledger, {Put(1, 1, Bytes(1))});
  EXPECT_FALSE(absl::IsAborted(failed)) << failed;
  EXPECT_THAT(failed.ToString(), HasSubstr("disk on fire"));
  EXPECT_THAT((*ledger)->Stage({}).status().ToString(), HasSubstr("the ledger has stopped"));

  // As does a refused batch after which it is not known whether the empty one was written.
  ledger = Ledger::Open(store, *running_.device->freshness_anchor(), kRealm);
  ASSERT_TRUE(ledger.ok());
  store.next = FaultyStore::Next::kRefuses;
  store.on_refused = [&](const StoreBatch&) { store.next = FaultyStore::Next::kFails; };
  const absl::Status twice = Commit(**ledger, {Put(1, 1, Bytes(1))});
  EXPECT_FALSE(twice.ok() || absl::IsAborted(twice)) << twice;
  EXPECT_THAT((*ledger)->Stage({}).status().ToString(), HasSubstr("the ledger has stopped"));
  EXPECT_FALSE((*ledger)->storage_refuses());
  store.on_refused = nullptr;
  store.next = FaultyStore::Next::kWorks;
  EXPECT_TRUE(Ledger::Open(store, *running_.device->freshness_anchor(), kRealm).ok());
}

// Storage without room takes the empty batch neither: that is due before anything else, so that what was
// refused first is never the state of an epoch of which something was answered.
TEST_P(LedgerTest, AFullDiskIsWaitedFor) {
  Create();
  Fill();
  FaultyStore store(*running_.store);
  auto opened = Ledger::Open(store, *running_.device->freshness_anchor(), kRealm);
  ASSERT_TRUE(opened.ok());
  Ledger& ledger = **opened;
  const uint64_t epoch = ledger.epoch();
  auto staged = ledger.Stage({Put(1, 50, Bytes(5, 1))});
  ASSERT_TRUE(staged.ok());
  std::vector<uint64_t> refused;
  store.next = FaultyStore::Next::kRefuses;
  store.on_refused = [&](const StoreBatch& batch) {
    store.next = FaultyStore::Next::kRefuses;
    refused.push_back(batch.head.epoch);
  };
  EXPECT_TRUE(absl::IsAborted(ledger.Persist(**staged)));
  EXPECT_TRUE(ledger.storage_refuses());
  EXPECT_FALSE(ledger.settled()) << "nothing is answered without a batch";
  for (int i = 0; i < 3; ++i) {
    const absl::Status still = ledger.Stage({Put(1, 51, Bytes(5, 2))}).status();
    EXPECT_TRUE(absl::IsAborted(still)) << still;
  }
  EXPECT_EQ(refused, std::vector<uint64_t>(5, epoch + 1));
  EXPECT_EQ(ledger.epoch(), epoch);
  EXPECT_FALSE(ledger.stopped());
  EXPECT_EQ(*ledger.Read({1, KeyOf(11)}), Bytes(40, 17)) << "what is there is read";

  store.on_refused = nullptr;
  store.next = FaultyStore::Next::kWorks;
  staged = ledger.Stage({Put(1, 52, Bytes(5, 3))});
  ASSERT_TRUE(staged.ok()) << staged.status();
  EXPECT_FALSE(ledger.storage_refuses());
  EXPECT_EQ(ledger.epoch(), epoch + 1) << "an empty batch took the epoch first";
  EXPECT_FALSE(ledger.settled());
  ASSERT_TRUE(ledger.Persist(**staged).ok());
  ASSERT_TRUE(ledger.Anchor(**staged).ok());
  EXPECT_TRUE(ledger.settled());
  EXPECT_EQ(*ledger.Read({1, KeyOf(50)}), std::nullopt);
  EXPECT_EQ(*ledger.Read({1, KeyOf(52)}), Bytes(5, 3));
}

// A start that refuses what it finds has written nothing, to storage neither.
TEST_P(LedgerTest, ARefusedStartMakesNothingDurable) {
  Create();
  Fill();
  class Watched : public FaultyStore {
   public:
    using FaultyStore::FaultyStore;
    absl::Status MakeDurable() override {
      ++made_durable;
      return FaultyStore::MakeDurable();
    }
    int made_durable = 0;
  };
  Watched store(*running_.store);
  const Bytes other(16, 0x77);
  EXPECT_FALSE(Ledger::Open(store, *running_.device->freshness_anchor(), other).ok());
  EXPECT_EQ(store.made_durable, 0);
  EXPECT_TRUE(Ledger::Open(store, *running_.device->freshness_anchor(), kRealm).ok());
  EXPECT_EQ(store.made_durable, 1);
}

}  // namespace
}  // namespace labrec::recovery
