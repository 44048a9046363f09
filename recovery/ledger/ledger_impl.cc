#include "recovery/ledger/ledger_impl.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/checked_read.h"
#include "recovery/ledger/head.h"

namespace labrec::recovery {

LedgerImpl::LedgerImpl(Store& store, hsm::FreshnessAnchor& anchor, HeadRow head, MerkleTree tree,
                       uint64_t found_epoch)
    : store_(store),
      anchor_(anchor),
      realm_id_(std::move(head.realm_id)),
      bucket_exponent_(head.bucket_exponent),
      discontinuities_(head.discontinuities),
      settled_from_(found_epoch + 2),
      tree_(std::move(tree)),
      records_(head.records),
      anchored_epoch_(head.epoch) {}

uint32_t LedgerImpl::BucketOf(const Digest& account_hash) const {
  return BucketOfHash(account_hash, bucket_exponent_);
}

uint64_t LedgerImpl::row_count() const {
  std::shared_lock lock(state_mutex_);
  return records_;
}

Digest LedgerImpl::LeafOf(uint32_t bucket) const {
  std::shared_lock lock(state_mutex_);
  return tree_.leaf(bucket);
}

absl::StatusOr<std::optional<Bytes>> LedgerImpl::ReadOnce(const RowAddress& address) {
  LABREC_ASSIGN_OR_RETURN(const BucketDirectory directory,
                          ReadCheckedDirectory(store_, address.bucket, LeafOf(address.bucket)));
  return ReadCheckedRow(store_, address, directory);
}

absl::StatusOr<std::optional<Bytes>> LedgerImpl::Read(const RowAddress& address) {
  if (address.bucket >= tree_.bucket_count()) {
    return absl::InvalidArgumentError(absl::StrCat("the ledger has no bucket ", address.bucket));
  }
  absl::StatusOr<std::optional<Bytes>> row = ReadOnce(address);
  if (!absl::IsDataLoss(row.status())) return row;
  // Storage may have changed between looking at the digest, the directory and the row. With no batch under
  // way, what does not fit is wrong.
  std::shared_lock lock(persisting_);
  return ReadOnce(address);
}

absl::Status LedgerImpl::CheckAddresses(const std::vector<RowWrite>& writes) const {
  std::vector<std::pair<uint32_t, Digest>> addresses;
  addresses.reserve(writes.size());
  for (const RowWrite& write : writes) addresses.emplace_back(write.address.bucket, write.address.key);
  std::sort(addresses.begin(), addresses.end());
  if (!addresses.empty() && addresses.back().first >= tree_.bucket_count()) {
    return absl::InvalidArgumentError(absl::StrCat("the ledger has no bucket ", addresses.back().first));
  }
  if (std::adjacent_find(addresses.begin(), addresses.end()) != addresses.end()) {
    return absl::InvalidArgumentError("a batch writes one row twice");
  }
  return absl::OkStatus();
}

// Works out the new directories, digests, root and number of rows.
absl::Status LedgerImpl::StageBuckets(StagedBatchImpl& staged) {
  std::map<uint32_t, std::vector<const RowWrite*>> by_bucket;
  for (const RowWrite& write : staged.batch.rows) by_bucket[write.address.bucket].push_back(&write);
  std::vector<uint32_t> buckets;
  std::vector<Digest> leaves;
  for (const auto& [bucket, writes] : by_bucket) {
    buckets.push_back(bucket);
    leaves.push_back(LeafOf(bucket));
  }
  LABREC_ASSIGN_OR_RETURN(std::vector<BucketDirectory> directories,
                          ReadCheckedDirectories(store_, buckets, leaves));
  std::vector<LeafChange> changes;
  uint64_t records = records_;
  size_t next = 0;
  for (const auto& [bucket, writes] : by_bucket) {
    BucketDirectory& directory = directories[next++];
    for (const RowWrite* write : writes) {
      if (write->content.has_value()) {
        records += directory.Set(write->address.key, Sha256(*write->content)) ? 1 : 0;
      } else {
        records -= directory.Remove(write->address.key) ? 1 : 0;
      }
    }
    Bytes bytes = directory.Serialize();
    const Digest digest = BucketDigest(bucket, bytes);
    changes.push_back({bucket, digest});
    staged.batch.buckets.push_back({bucket, digest, std::move(bytes)});
  }
  staged.update = tree_.Plan(std::move(changes));
  staged.batch.head = {
      anchored_epoch_ + 1, staged.update.root, realm_id_, bucket_exponent_, records, discontinuities_, {}};
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<StagedBatch>> LedgerImpl::Stage(std::vector<RowWrite> writes) {
  if (fence_due_ && phase_ == Phase::kIdle) LABREC_RETURN_IF_ERROR(TakeRefusedEpoch());
  return StageNow(std::move(writes));
}

absl::StatusOr<std::unique_ptr<StagedBatch>> LedgerImpl::StageNow(std::vector<RowWrite> writes) {
  if (phase_ == Phase::kStopped) return stopped_;
  if (phase_ == Phase::kPersisted) {
    return absl::FailedPreconditionError("a batch is persisted and not anchored: anchor it first");
  }
  LABREC_RETURN_IF_ERROR(CheckAddresses(writes));
  auto staged = std::make_unique<StagedBatchImpl>();
  staged->batch.rows = std::move(writes);
  LABREC_RETURN_IF_ERROR(StageBuckets(*staged));
  HeadRow& head = staged->batch.head;
  absl::StatusOr<Bytes> evidence = anchor_.Prepare(head.epoch, HeadDigest(head));
  if (absl::IsUnavailable(evidence.status())) return std::move(evidence).status();
  if (!evidence.ok()) return Stop(evidence.status());  // somebody else uses the anchor
  head.evidence = *std::move(evidence);
  staged->number = ++stage_number_;
  return staged;
}

absl::Status LedgerImpl::CheckTurn(const StagedBatchImpl& staged, Phase wanted) const {
  if (phase_ == Phase::kStopped) return stopped_;
  if (phase_ == wanted && staged.number == stage_number_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "a batch is staged, persisted and anchored once each, the latest staged one only");
}

absl::Status LedgerImpl::Stop(absl::Status why) {
  phase_ = Phase::kStopped;
  has_stopped_ = true;
  stopped_ = absl::Status(absl::IsDataLoss(why) ? why.code() : absl::StatusCode::kInternal,
                          absl::StrCat("the ledger has stopped and the process must end: ", why.message()));
  return stopped_;
}

absl::Status LedgerImpl::WriteThrough(StagedBatchImpl& staged) {
  std::unique_lock persisting(persisting_);
  LABREC_RETURN_IF_ERROR(store_.Write(staged.batch));
  std::unique_lock lock(state_mutex_);
  tree_.Apply(staged.update);
  records_ = staged.batch.head.records;
  phase_ = Phase::kPersisted;
  return absl::OkStatus();
}

absl::Status LedgerImpl::Persist(StagedBatch& batch) {
  auto& staged = static_cast<StagedBatchImpl&>(batch);
  LABREC_RETURN_IF_ERROR(CheckTurn(staged, Phase::kIdle));
  const absl::Status written = WriteThrough(staged);
  if (written.ok()) return written;
  if (!absl::IsAborted(written)) return Stop(written);
  // Untrusted storage has seen the batch's evidence, and could show the batch as the state of its epoch
  // later:
  //   1. the batch is refused ("disk full"), another one takes its epoch, is anchored and answered;
  //   2. storage brings the refused one back: it has good evidence and the device's very epoch.
  // So the epoch goes to an empty batch, of which nothing is answered, nor of its epoch. Where there is no
  // room for that either it is due before anything else.
  fence_due_ = true;
  settled_from_ = anchored_epoch_ + 2;
  const absl::Status fenced = TakeRefusedEpoch();
  return fenced.ok() || fence_due_ ? written : fenced;
}

// ABORTED or UNAVAILABLE: nothing was written, and it is still due. Any other error has stopped the ledger.
absl::Status LedgerImpl::TakeRefusedEpoch() {
  const absl::Status fenced = Fence();
  fence_due_ = phase_ == Phase::kIdle && (absl::IsAborted(fenced) || absl::IsUnavailable(fenced));
  if (fenced.ok() || fence_due_ || phase_ == Phase::kStopped) return fenced;
  return Stop(absl::InternalError(
      absl::StrCat("storage refused a batch; then, taking up its epoch: ", fenced.message())));
}

absl::Status LedgerImpl::Anchor(StagedBatch& batch) {
  const auto& staged = static_cast<const StagedBatchImpl&>(batch);
  LABREC_RETURN_IF_ERROR(CheckTurn(staged, Phase::kPersisted));
  const absl::Status committed = anchor_.Commit(staged.epoch());
  if (absl::IsUnavailable(committed)) return committed;
  if (!committed.ok()) return Stop(committed);
  anchored_epoch_ = staged.epoch();
  phase_ = Phase::kIdle;
  return committed;
}

absl::Status LedgerImpl::CheckClaim() {
  if (phase_ == Phase::kStopped) return stopped_;
  const absl::Status held = anchor_.CheckClaim();
  return held.ok() || absl::IsUnavailable(held) ? held : Stop(held);
}

absl::Status LedgerImpl::Fence() {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<StagedBatch> empty, StageNow({}));
  LABREC_RETURN_IF_ERROR(WriteThrough(static_cast<StagedBatchImpl&>(*empty)));
  return Anchor(*empty);
}

}  // namespace labrec::recovery
