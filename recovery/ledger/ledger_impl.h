#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "recovery/ledger/bucket.h"
#include "recovery/ledger/ledger.h"
#include "recovery/ledger/merkle.h"
#include "recovery/ledger/read_cache.h"

namespace labrec::recovery {

// A batch with all that Persist writes and what it makes of the tree.
class StagedBatchImpl final : public StagedBatch {
 public:
  uint64_t epoch() const override { return batch.head.epoch; }

  StoreBatch batch;
  MerkleUpdate update;
  std::vector<ReadCache::Directory> directories;  // as the batch leaves them, in the order of batch.buckets
  std::vector<Digest> contents;                   // of batch.rows, in their order; zeros for a removed one
  uint64_t number = 0;                            // of the Stage call that made it; only the latest can go on
};

// The ledger over a state that was checked. docs/ledger.md.
class LedgerImpl final : public Ledger {
 public:
  // `head` and `tree` are what storage holds and `head.epoch` is the device's current epoch; `found_epoch` is
  // the one where this run found it at its claim.
  LedgerImpl(Store& store, hsm::FreshnessAnchor& anchor, HeadRow head, MerkleTree tree, uint64_t found_epoch,
             Reads reads);

  uint32_t BucketOf(const Digest& account_hash) const override;
  absl::StatusOr<std::optional<Bytes>> Read(const RowAddress& address) override;
  absl::StatusOr<std::unique_ptr<StagedBatch>> Stage(std::vector<RowWrite> writes) override;
  absl::Status Persist(StagedBatch& batch) override;
  absl::Status Anchor(StagedBatch& batch) override;

  // Commits an empty batch.
  absl::Status Fence();

  bool storage_refuses() const override { return fence_due_; }
  bool settled() const override { return anchored_epoch_ >= settled_from_; }
  absl::Status CheckClaim() override;
  bool stopped() const override { return has_stopped_; }
  uint64_t epoch() const override { return anchored_epoch_; }
  uint64_t row_count() const override;
  uint64_t discontinuities() const override { return discontinuities_; }
  const Bytes& realm_id() const override { return realm_id_; }

 private:
  enum class Phase { kIdle, kPersisted, kStopped };

  absl::StatusOr<std::optional<Bytes>> ReadOnce(const RowAddress& address);
  template <typename Put>
  void KeepIfCurrent(uint32_t bucket, const Digest& leaf, Put put);
  Digest LeafOf(uint32_t bucket) const;
  absl::Status CheckAddresses(const std::vector<RowWrite>& writes) const;
  absl::Status StageBuckets(StagedBatchImpl& staged);
  absl::StatusOr<std::vector<ReadCache::Directory>> DirectoriesOf(std::span<const uint32_t> buckets,
                                                                  std::span<const Digest> leaves);
  void KeepWritten(StagedBatchImpl& staged);
  absl::Status CheckTurn(const StagedBatchImpl& staged, Phase wanted) const;
  absl::StatusOr<std::unique_ptr<StagedBatch>> StageNow(std::vector<RowWrite> writes);
  absl::Status TakeRefusedEpoch();
  absl::Status WriteThrough(StagedBatchImpl& staged);
  absl::Status Stop(absl::Status why);

  Store& store_;
  hsm::FreshnessAnchor& anchor_;
  const Bytes realm_id_;
  const uint32_t bucket_exponent_;
  const uint64_t discontinuities_;

  // Of the commit thread alone.
  Phase phase_ = Phase::kIdle;
  absl::Status stopped_;
  uint64_t stage_number_ = 0;
  bool fence_due_ = false;  // storage refused a batch, and had no room for the empty one that takes its epoch
  uint64_t settled_from_;   // the first epoch at which something may be answered without a batch of its own

  // Held by Persist from before storage changes until the tree has followed; a reader whose first look met
  // that change takes it shared, and looks again.
  std::shared_mutex persisting_;
  mutable std::shared_mutex state_mutex_;  // guards tree_ and records_; held for moments only
  MerkleTree tree_;
  ReadCache cache_;
  uint64_t records_;
  std::atomic<uint64_t> anchored_epoch_;
  std::atomic<bool> has_stopped_ = false;  // phase_ is kStopped
};

}  // namespace labrec::recovery
