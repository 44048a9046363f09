#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/period_keys.h"
#include "recovery/store/sealed/opened_bucket.h"
#include "recovery/store/sealed/period_ring.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// Storage of either engine, on which rows live as long as the device's period keys. Each row is sealed under
// a key of its own, which is drawn when it is written. The keys of a bucket's rows lie beside its directory,
// sealed under the current period key. So to seal all of it under the next key costs the directories and not
// the rows; and once the earlier key is destroyed, what was replaced or removed before is lost in every copy,
// wherever that is: pages, logs, standbys, backups, archives (docs/ledger.md, "Erasing by period keys").
//
// Storage is not trusted with that either. It could show an old directory, with keys of rows that are no
// more, and have it sealed under the new key. So a key is carried over only beside an entry of the directory
// that the ledger has now: the ledger's digests say which that is.
//
// A row is written with its bucket's directory, in one batch; else that is ABORTED.
//
// Where the device holds no period key, everything lies open and is passed on as it is. Rows that lay open
// before the first key are sealed by Reseal. What cannot be opened is passed on as it lies, and the ledger's
// digests refuse it. DATA_LOSS of ReadRow and ReadRows: the period key is gone; of ForEachRowAfter, at its
// end: that of every row is.
//
// Threads: as Store; Reseal beside Write, which it gives way to.
class SealedStore final : public Store {
 public:
  // With the keys that the device holds now. UNAVAILABLE: the device is away.
  static absl::StatusOr<std::unique_ptr<SealedStore>> Over(std::unique_ptr<Store> inner,
                                                           hsm::PeriodKeys& keys);

  absl::StatusOr<std::optional<HeadRow>> ReadHead() override { return inner_->ReadHead(); }
  absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) override;
  absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) override;
  absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(std::span<const RowAddress> addresses) override;
  absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) override;
  absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) override;
  absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) override;
  absl::Status MakeDurable() override { return inner_->MakeDurable(); }
  absl::Status Write(const StoreBatch& batch) override;
  std::string waits_for() const override { return inner_->waits_for(); }
  void GiveUp() override { inner_->GiveUp(); }

  PeriodRing& ring() { return ring_; }
  const PeriodRing& ring() const { return ring_; }

  // How far Reseal is, of the buckets that have rows.
  struct Progress {
    uint64_t looked_at = 0;
    uint64_t buckets = 0;
  };
  // Seals under the current period key whatever is not, some buckets at a time, under the head that is there:
  // no epoch passes. Everything is so when it returns OK. Of a store that a ledger is open on, whose digests
  // it goes by. CANCELLED: `go_on` said no. DATA_LOSS: a bucket or a row is not the ledger's; it is left as
  // it lies. ABORTED: storage refused, try again. Any other error ends the process, as Write's.
  absl::Status Reseal(const std::function<bool(Progress)>& go_on);

 private:
  using RowKeys = std::map<Digest, SecretBytes>;  // of one bucket

  SealedStore(std::unique_ptr<Store> inner, hsm::PeriodKeys& keys) : inner_(std::move(inner)), ring_(keys) {}

  // DATA_LOSS: its period key is gone. Without rows where it does not open.
  absl::StatusOr<OpenedBucket> OpenStored(uint32_t bucket, const Bytes& stored) const;
  // The stored directory as the ledger knows it.
  Bytes Directory(uint32_t bucket, Bytes stored) const;
  absl::StatusOr<StoreBatch> Seal(const StoreBatch& batch);
  // `keys` of the rows that are written.
  absl::StatusOr<Bytes> SealDirectory(const BucketWrite& bucket, const OpenedBucket& before,
                                      const RowKeys& keys) const;
  absl::Status WriteThrough(const StoreBatch& batch);
  void Note(const StoreBatch& batch);

  // resealing.cc
  absl::Status ResealSome(std::span<const uint32_t> buckets);
  absl::Status ResealOne(uint32_t bucket, const Bytes& stored, StoreBatch& batch);
  absl::Status SealOpenRows(uint32_t bucket, OpenedBucket& opened, StoreBatch& batch);
  std::vector<uint32_t> BucketsWithRows();

  const std::unique_ptr<Store> inner_;
  PeriodRing ring_;

  std::mutex waiting_mutex_;
  std::condition_variable write_done_;
  int writes_waiting_ = 0;  // or under way: Reseal gives way to them

  std::mutex mutex_;             // of what follows, and of writing to inner_
  std::vector<Digest> digests_;  // by bucket, as the ledger has them
  std::optional<HeadRow> head_;  // the latest that was written
};

// Whether a ledger's directories are sealed, by the first of them: nothing of it but its head can be read
// without the device. One that is being sealed for the first time has its first directory sealed first.
absl::StatusOr<bool> HoldsSealed(Store& store);

}  // namespace labrec::recovery
