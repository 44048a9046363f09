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
                       uint64_t found_epoch, Reads reads)
    : store_(store),
      anchor_(anchor),
      realm_id_(std::move(head.realm_id)),
      bucket_exponent_(head.bucket_exponent),
      discontinuities_(head.discontinuities),
      settled_from_(found_epoch + 2),
      tree_(std::move(tree)),
      cache_(reads == Reads::kKept ? ReadCache::Size() : ReadCache::Size{0, 0}),
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
  const Digest leaf = LeafOf(address.bucket);
  ReadCache::Directory directory = cache_.FindDirectory(address.bucket, leaf);
  if (directory == nullptr) {
    LABREC_ASSIGN_OR_RETURN(BucketDirectory read, ReadCheckedDirectory(store_, address.bucket, leaf));
    directory = std::make_shared<const BucketDirectory>(std::move(read));
    KeepIfCurrent(address.bucket, leaf, [&] { cache_.PutDirectory(address.bucket, leaf, directory); });
  }
  const std::optional<Digest> content = directory->Find(address.key);
  if (!content) return std::nullopt;
  if (const ReadCache::Row kept = cache_.FindRow(address.key, *content)) return *kept;
  LABREC_ASSIGN_OR_RETURN(std::optional<Bytes> row, ReadCheckedRow(store_, address, *directory));
  if (row) KeepIfCurrent(address.bucket, leaf, [&] { cache_.PutRow(address.key, *content, *row); });
  return row;
}

// What a batch has replaced or removed meanwhile is not kept: it is to be gone.
template <typename Put>
void LedgerImpl::KeepIfCurrent(uint32_t bucket, const Digest& leaf, Put put) {
  const std::shared_lock lock(state_mutex_);
  if (tree_.leaf(bucket) == leaf) put();
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

absl::StatusOr<std::vector<ReadCache::Directory>> LedgerImpl::DirectoriesOf(std::span<const uint32_t> buckets,
                                                                            std::span<const Digest> leaves) {
  std::vector<ReadCache::Directory> directories;
  std::vector<uint32_t> missing;
  std::vector<Digest> missing_leaves;
  for (size_t i = 0; i < buckets.size(); ++i) {
    directories.push_back(cache_.FindDirectory(buckets[i], leaves[i]));
    if (directories.back() != nullptr) continue;
    missing.push_back(buckets[i]);
    missing_leaves.push_back(leaves[i]);
  }
  if (missing.empty()) return directories;
  LABREC_ASSIGN_OR_RETURN(std::vector<BucketDirectory> read,
                          ReadCheckedDirectories(store_, missing, missing_leaves));
  auto next = read.begin();
  for (ReadCache::Directory& directory : directories) {
    if (directory == nullptr) directory = std::make_shared<const BucketDirectory>(std::move(*next++));
  }
  return directories;
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
  LABREC_ASSIGN_OR_RETURN(const std::vector<ReadCache::Directory> directories,
                          DirectoriesOf(buckets, leaves));
  std::vector<LeafChange> changes;
  uint64_t records = records_;
  size_t next = 0;
  staged.contents.resize(staged.batch.rows.size());
  for (const auto& [bucket, writes] : by_bucket) {
    BucketDirectory directory = *directories[next++];
    for (const RowWrite* write : writes) {
      if (write->content.has_value()) {
        Digest& content = staged.contents[static_cast<size_t>(write - staged.batch.rows.data())];
        content = Sha256(*write->content);
        records += directory.Set(write->address.key, content) ? 1 : 0;
      } else {
        records -= directory.Remove(write->address.key) ? 1 : 0;
      }
    }
    Bytes bytes = directory.Serialize();
    const Digest digest = BucketDigest(bucket, bytes);
    changes.push_back({bucket, digest});
    staged.batch.buckets.push_back({bucket, digest, std::move(bytes)});
    staged.directories.push_back(std::make_shared<const BucketDirectory>(std::move(directory)));
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
  KeepWritten(staged);
  phase_ = Phase::kPersisted;
  return absl::OkStatus();
}

void LedgerImpl::KeepWritten(StagedBatchImpl& staged) {
  for (size_t i = 0; i < staged.directories.size(); ++i) {
    const BucketWrite& bucket = staged.batch.buckets[i];
    cache_.PutDirectory(bucket.bucket, bucket.digest, std::move(staged.directories[i]));
  }
  for (size_t i = 0; i < staged.contents.size(); ++i) {
    RowWrite& row = staged.batch.rows[i];
    if (row.content) {
      cache_.PutRow(row.address.key, staged.contents[i], *std::exchange(row.content, std::nullopt));
    } else {
      cache_.ForgetRow(row.address.key);
    }
  }
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
