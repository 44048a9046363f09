#include "recovery/store/sealed/sealed_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/store/sealed/row_sealing.h"

namespace labrec::recovery {
namespace {

std::vector<uint32_t> BucketsOf(std::span<const RowAddress> addresses) {
  std::set<uint32_t> buckets;
  for (const RowAddress& address : addresses) buckets.insert(address.bucket);
  return {buckets.begin(), buckets.end()};
}

// A row as the ledger knows it, or as it lies where it does not open.
Bytes RowIn(const OpenedBucket& bucket, const RowAddress& address, Bytes stored) {
  const std::optional<size_t> row = bucket.Find(address.key);
  if (!row || bucket.is_open(*row)) return stored;
  absl::StatusOr<Bytes> opened = OpenRow(address, stored, bucket.key(*row));
  return opened.ok() ? *std::move(opened) : stored;
}

absl::Status At(uint32_t bucket, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("bucket ", bucket, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SealedStore>> SealedStore::Over(std::unique_ptr<Store> inner,
                                                               hsm::PeriodKeys& keys) {
  std::unique_ptr<SealedStore> store(new SealedStore(std::move(inner), keys));
  LABREC_RETURN_IF_ERROR(store->ring_.Load());
  return store;
}

absl::StatusOr<OpenedBucket> SealedStore::OpenStored(uint32_t bucket, const Bytes& stored) const {
  if (!IsSealed(stored)) return OpenedBucket::OfOpen(stored);
  LABREC_ASSIGN_OR_RETURN(const SealedUnder under, ReadSealedUnder(stored));
  absl::StatusOr<SecretBytes> key = ring_.BucketKey(under, bucket);
  if (!key.ok()) return At(bucket, key.status());
  absl::StatusOr<OpenedBucket> opened = OpenedBucket::Open(stored, bucket, *key);
  return opened.ok() ? *std::move(opened) : OpenedBucket::OfOpen({});
}

Bytes SealedStore::Directory(uint32_t bucket, Bytes stored) const {
  if (!IsSealed(stored)) return stored;
  const absl::StatusOr<OpenedBucket> opened = OpenStored(bucket, stored);
  return opened.ok() && opened->rows() > 0 ? ToBytes(opened->directory()) : stored;
}

absl::StatusOr<std::optional<Bytes>> SealedStore::ReadRow(const RowAddress& address) {
  LABREC_ASSIGN_OR_RETURN(std::vector<std::optional<Bytes>> rows, ReadRows({&address, 1}));
  return std::move(rows[0]);
}

absl::StatusOr<Bytes> SealedStore::ReadDirectory(uint32_t bucket) {
  LABREC_ASSIGN_OR_RETURN(Bytes stored, inner_->ReadDirectory(bucket));
  return Directory(bucket, std::move(stored));
}

absl::StatusOr<std::vector<std::optional<Bytes>>> SealedStore::ReadRows(
    std::span<const RowAddress> addresses) {
  LABREC_ASSIGN_OR_RETURN(std::vector<std::optional<Bytes>> rows, inner_->ReadRows(addresses));
  const std::vector<uint32_t> buckets = BucketsOf(addresses);
  LABREC_ASSIGN_OR_RETURN(const std::vector<Bytes> stored, inner_->ReadDirectories(buckets));
  std::map<uint32_t, OpenedBucket> opened;
  for (size_t i = 0; i < buckets.size(); ++i) {
    absl::StatusOr<OpenedBucket> bucket = OpenStored(buckets[i], stored[i]);
    LABREC_RETURN_IF_ERROR(bucket.status());
    opened.emplace(buckets[i], *std::move(bucket));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]) rows[i] = RowIn(opened.at(addresses[i].bucket), addresses[i], *std::move(rows[i]));
  }
  return rows;
}

absl::StatusOr<std::vector<Bytes>> SealedStore::ReadDirectories(std::span<const uint32_t> buckets) {
  LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> all, inner_->ReadDirectories(buckets));
  for (size_t i = 0; i < buckets.size(); ++i) {
    all[i] = Directory(buckets[i], std::move(all[i]));
  }
  return all;
}

// A ledger that opens goes through all of them, and works on only if they make up its root: then these are
// its digests.
absl::Status SealedStore::ForEachBucketDigest(
    const std::function<absl::Status(uint32_t, const Digest&)>& visit) {
  std::vector<Digest> digests;
  const auto note = [&](uint32_t bucket, const Digest& digest) {
    absl::Status seen = visit(bucket, digest);
    if (!seen.ok()) return seen;
    if (bucket >= digests.size()) digests.resize(bucket + 1);
    digests[bucket] = digest;
    return seen;
  };
  LABREC_RETURN_IF_ERROR(inner_->ForEachBucketDigest(note));
  const std::lock_guard lock(mutex_);
  if (!head_) digests_ = std::move(digests);
  return absl::OkStatus();
}

// Where one bucket's period key is gone, its rows are as damaged ones; where all are, nothing can be done
// with this copy.
absl::Status SealedStore::ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) {
  std::optional<uint32_t> of;
  std::optional<OpenedBucket> opened;
  absl::Status gone;
  bool some_opened = false;
  const auto open = [&](const RowAddress& address, ByteView content) -> absl::Status {
    if (of != address.bucket) {
      absl::StatusOr<Bytes> stored = inner_->ReadDirectory(address.bucket);
      if (!stored.ok()) return stored.status();
      absl::StatusOr<OpenedBucket> bucket = OpenStored(address.bucket, *stored);
      if (!bucket.ok()) gone = bucket.status();
      some_opened = some_opened || bucket.ok();
      opened.emplace(bucket.ok() ? *std::move(bucket) : OpenedBucket::OfOpen({}));
      of = address.bucket;
    }
    return visit(address, RowIn(*opened, address, ToBytes(content)));
  };
  LABREC_RETURN_IF_ERROR(inner_->ForEachRowAfter(after, open));
  return some_opened ? absl::OkStatus() : gone;
}

// The keys of rows that stay are those of the directory that is there, where that has the row with the same
// content. Otherwise storage shows another directory than the ledger's.
absl::StatusOr<Bytes> SealedStore::SealDirectory(const BucketWrite& bucket, const OpenedBucket& before,
                                                 const RowKeys& keys) const {
  OpenedBucket after = OpenedBucket::OfOpen(bucket.directory);
  for (size_t row = 0; row < after.rows(); ++row) {
    Digest key;
    std::ranges::copy(after.entry(row).first(key.size()), key.begin());
    if (const auto fresh = keys.find(key); fresh != keys.end()) {
      after.SetKey(row, fresh->second);
      continue;
    }
    const std::optional<size_t> there = before.Find(key);
    if (!there || !std::ranges::equal(before.entry(*there), after.entry(row))) {
      return absl::AbortedError(absl::StrCat("storage does not show the directory of bucket ", bucket.bucket,
                                             " that the ledger has: it was edited or is damaged"));
    }
    after.SetKey(row, SecretBytes::CopyOf(before.key(*there)));
  }
  const hsm::PeriodKeyId current = *ring_.current();
  LABREC_ASSIGN_OR_RETURN(const SecretBytes key,
                          ring_.BucketKey({current.number, current.nonce}, bucket.bucket));
  return after.Seal(current, bucket.bucket, key);
}

absl::StatusOr<StoreBatch> SealedStore::Seal(const StoreBatch& batch) {
  StoreBatch sealed;
  sealed.head = batch.head;
  std::map<uint32_t, RowKeys> keys;
  for (const RowWrite& row : batch.rows) {
    sealed.rows.push_back({row.address, std::nullopt});
    if (!row.content) continue;
    SealedRow under_key = SealRow(row.address, *row.content);
    sealed.rows.back().content = std::move(under_key.content);
    keys[row.address.bucket].insert_or_assign(row.address.key, std::move(under_key.key));
  }
  std::vector<uint32_t> buckets;
  for (const BucketWrite& bucket : batch.buckets) buckets.push_back(bucket.bucket);
  LABREC_ASSIGN_OR_RETURN(const std::vector<Bytes> stored, inner_->ReadDirectories(buckets));
  for (size_t i = 0; i < buckets.size(); ++i) {
    auto extracted = keys.extract(buckets[i]);
    const RowKeys of_bucket = extracted.empty() ? RowKeys() : std::move(extracted.mapped());
    sealed.buckets.push_back({buckets[i], batch.buckets[i].digest, {}});
    if (batch.buckets[i].directory.empty()) continue;
    absl::StatusOr<OpenedBucket> before = OpenStored(buckets[i], stored[i]);
    LABREC_RETURN_IF_ERROR(before.status());
    LABREC_ASSIGN_OR_RETURN(sealed.buckets.back().directory,
                            SealDirectory(batch.buckets[i], *before, of_bucket));
  }
  if (keys.empty()) return sealed;
  return absl::InvalidArgumentError(
      absl::StrCat("a row of bucket ", keys.begin()->first, " is written without its directory"));
}

void SealedStore::Note(const StoreBatch& batch) {
  for (const BucketWrite& bucket : batch.buckets) {
    if (bucket.bucket >= digests_.size()) digests_.resize(bucket.bucket + 1);
    digests_[bucket.bucket] = bucket.digest;
  }
  head_ = batch.head;
}

absl::Status SealedStore::WriteThrough(const StoreBatch& batch) {
  if (!ring_.current()) {
    LABREC_RETURN_IF_ERROR(inner_->Write(batch));
    Note(batch);
    return absl::OkStatus();
  }
  const absl::StatusOr<StoreBatch> sealed = Seal(batch);
  if (!sealed.ok()) {
    return absl::AbortedError(absl::StrCat("the batch was not written: ", sealed.status().message()));
  }
  LABREC_RETURN_IF_ERROR(inner_->Write(*sealed));
  Note(batch);
  return absl::OkStatus();
}

absl::Status SealedStore::Write(const StoreBatch& batch) {
  std::unique_lock lock(mutex_, std::defer_lock);
  {
    // Counted before the lock is waited for, so that Reseal does not take it again and again.
    const std::lock_guard counting(waiting_mutex_);
    ++writes_waiting_;
  }
  lock.lock();
  const absl::Status written = WriteThrough(batch);
  lock.unlock();
  {
    const std::lock_guard counting(waiting_mutex_);
    --writes_waiting_;
  }
  write_done_.notify_all();
  return written;
}

absl::StatusOr<bool> HoldsSealed(Store& store) {
  std::optional<uint32_t> first;
  const absl::Status looked = store.ForEachBucketDigest([&](uint32_t bucket, const Digest&) {
    first = bucket;
    return absl::CancelledError("one is enough");
  });
  if (!first) {
    LABREC_RETURN_IF_ERROR(looked);
    return false;
  }
  LABREC_ASSIGN_OR_RETURN(const Bytes directory, store.ReadDirectory(*first));
  return IsSealed(directory);
}

}  // namespace labrec::recovery
