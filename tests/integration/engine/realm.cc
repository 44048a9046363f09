#include "tests/integration/engine/realm.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <utility>

#include "recovery/ledger/ledger.h"
#include "recovery/record/codec.h"
#include "recovery/record/row_key.h"
#include "recovery/store/sqlite/sqlite_store.h"

namespace labrec::recovery {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "cannot set up the realm: " << value.status() << "\n";
  std::abort();
}

constexpr uint32_t kBucketExponent = 4;

}  // namespace

class EditedStore : public Store {
 public:
  explicit EditedStore(Store& store) : store_(store) {}

  void Edit(const Digest& key) {
    const std::lock_guard lock(mutex_);
    edited_ = key;
  }

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override { return store_.ReadHead(); }
  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) override {
    auto row = store_.ReadRow(address);
    const std::lock_guard lock(mutex_);
    if (row.ok() && *row && edited_ == address.key) (**row)[100] ^= 1U;
    return row;
  }
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override { return store_.ReadDirectory(bucket); }
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    return store_.ForEachBucketDigest(visit);
  }
  absl::Status ForEachRow(const std::function<absl::Status(const RowAddress&, ByteView)>& visit) override {
    return store_.ForEachRow(visit);
  }
  absl::Status Write(const StoreBatch& batch) override { return store_.Write(batch); }

 private:
  Store& store_;
  std::mutex mutex_;
  std::optional<Digest> edited_;
};

EngineRealm::EngineRealm(test::SimulatorKind kind, EngineOptions options, const Prepare& prepare)
    : options_(std::move(options)) {
  options_.realm_name = "test";
  options_.realm_id = ToBytes(SecretBytes::Random(16).view());
  simulator_ = Must(test::SimulatedDevice::Start(kind));
  if (prepare) prepare(*simulator_);
  if (const absl::Status made = simulator_->Provision(options_.realm_id); !made.ok()) {
    std::cerr << "cannot provision the simulator: " << made << "\n";
    std::abort();
  }
  CreateLedger();
  Start();
}

void EngineRealm::CreateLedger() {
  const auto device = Must(simulator_->Open());
  SqliteOptions create;
  create.open = SqliteOptions::Open::kCreateIfMissing;
  const auto store = Must(OpenSqliteStore(folder_.path() / "ledger.db", create));
  Must(Ledger::Create(*store, *device->freshness_anchor(), options_.realm_id, kBucketExponent));
}

void EngineRealm::Start() {
  device_ = std::make_unique<test::FaultyDevice>(Must(simulator_->Open()));
  sqlite_ = Must(OpenSqliteStore(folder_.path() / "ledger.db"));
  store_ = std::make_unique<EditedStore>(*sqlite_);
  engine_ = Must(Engine::Start(options_, *store_, *device_, *device_, SystemClock(),
                               [this](const absl::Status&) { ++fatal_calls_; }));
}

void EngineRealm::Stop() {
  engine_.reset();
}

void EngineRealm::Restart() {
  engine_.reset();
  store_.reset();
  sqlite_.reset();
  device_.reset();
  Start();
}

EngineRealm::~EngineRealm() = default;

std::optional<Record> EngineRealm::StoredRecord(const RecordName& name) {
  const Digest key = RecordRowKey(name);
  std::optional<Record> record;
  const absl::Status read = sqlite_->ForEachRow([&](const RowAddress& address, ByteView row) {
    if (address.key == key) record = Must(DecodeRecord(row));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return record;
}

void EngineRealm::EditStoredRecord(const RecordName& name) {
  store_->Edit(RecordRowKey(name));
}

bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace labrec::recovery
