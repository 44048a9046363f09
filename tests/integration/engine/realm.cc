#include "tests/integration/engine/realm.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "recovery/ledger/ledger.h"
#include "recovery/ledger/reanchor.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"
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

Bytes Slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const Bytes& content, const std::filesystem::path& path) {
  std::ofstream(path, std::ios::binary) << AsText(content);
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

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
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> addresses) override {
    std::vector<std::optional<Bytes>> rows;
    for (const RowAddress& address : addresses) {
      auto row = ReadRow(address);
      if (!row.ok()) return row.status();
      rows.push_back(*std::move(row));
    }
    return rows;
  }
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override {
    return store_.ReadDirectories(buckets);
  }
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override {
    return store_.ForEachBucketDigest(visit);
  }
  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override {
    return store_.ForEachRowAfter(after, visit);
  }
  absl::Status MakeDurable() override { return store_.MakeDurable(); }
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
  const auto store = Must(OpenSqliteStore(path(), create));
  Must(Ledger::Create(*store, *device->freshness_anchor(), options_.realm_id, kBucketExponent));
}

void EngineRealm::Start() {
  device_ = std::make_unique<test::FaultyDevice>(Must(simulator_->Open()));
  sqlite_ = Must(OpenSqliteStore(path()));
  store_ = std::make_unique<EditedStore>(*sqlite_);
  engine_ = Must(Engine::Start(options_, *store_, *device_, *device_, SystemClock(),
                               [this](const absl::Status&) { ++fatal_calls_; }));
}

void EngineRealm::Stop() {
  engine_.reset();
}

void EngineRealm::Close() {
  engine_.reset();
  store_.reset();
  sqlite_.reset();
  device_.reset();
}

void EngineRealm::Restart() {
  Close();
  Start();
}

EngineRealm::Image EngineRealm::Kill() {
  commits_left_ = 0;
  Close();
  return Storage();
}

EngineRealm::Image EngineRealm::Storage() const {
  return {Slurp(path()), Slurp(path().string() + "-wal")};
}

void EngineRealm::PutStorage(const Image& image) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path().string() + suffix);
  Spill(image.database, path());
  if (!image.log.empty()) Spill(image.log, path().string() + "-wal");
}

void EngineRealm::AcceptEdited(const std::function<void(std::map<Digest, Bytes>&)>& edit) {
  const std::filesystem::path rebuilt = folder_.path() / "rebuilt.db";
  {
    const auto source = Must(OpenSqliteStore(path()));
    std::map<Digest, Bytes> rows;
    const absl::Status read = source->ForEachRow([&rows](const RowAddress& address, ByteView row) {
      rows[address.key] = ToBytes(row);
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    edit(rows);
    SqliteOptions create;
    create.open = SqliteOptions::Open::kCreateIfMissing;
    const auto target = Must(OpenSqliteStore(rebuilt, create));
    const auto device = Must(simulator_->Open());
    ReanchorRequest request;
    request.realm_id = options_.realm_id;
    request.transform = [&rows](const RowAddress& address, ByteView) {
      return absl::StatusOr<std::optional<Bytes>>(rows.at(address.key));
    };
    Must(Reanchor(*source, *target, *device->freshness_anchor(), request));
  }
  PutStorage({Slurp(rebuilt), Slurp(rebuilt.string() + "-wal")});
  std::filesystem::remove(rebuilt);
}

absl::Status EngineRealm::TryStart(int commits) {
  commits_left_ = commits;
  device_ = std::make_unique<test::FaultyDevice>(Must(simulator_->Open()));
  device_->hooks.before_commit = [this] {
    return commits_left_-- > 0 ? absl::OkStatus() : absl::UnavailableError("the run is ended here");
  };
  sqlite_ = Must(OpenSqliteStore(path()));
  store_ = std::make_unique<EditedStore>(*sqlite_);
  auto started = Engine::Start(options_, *store_, *device_, *device_, SystemClock(),
                               [this](const absl::Status&) { ++fatal_calls_; });
  if (started.ok()) engine_ = *std::move(started);
  return started.status();
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

}  // namespace labrec::recovery
