#include "recovery/ledger/vouched_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/head.h"
#include "recovery/ledger/merkle.h"
#include "recovery/ledger/start_up.h"

namespace labrec::recovery {
namespace {

// OK if the device attests the head, whatever its epoch.
absl::Status Attested(const HeadRow& head, const absl::StatusOr<hsm::FreshnessReport>& report) {
  if (!report.ok()) return report.status();
  if (report->attested) return absl::OkStatus();
  if (report->freshness == hsm::Freshness::kStale) {
    return absl::DataLossError(absl::StrCat("the head is of epoch ", head.epoch,
                                            ", and the device, which is at ", report->device_epoch,
                                            ", has destroyed the key that could vouch for it"));
  }
  return ExplainFreshness(head, *report);
}

}  // namespace

absl::StatusOr<VouchedRows> VouchedRows::Find(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id) {
  VouchedRows rows(store);
  absl::StatusOr<HeadRow> head = ReadRealmHead(store, realm_id);
  if (absl::IsDataLoss(head.status())) {
    rows.any_ = head.status();
    return rows;
  }
  LABREC_RETURN_IF_ERROR(head.status());
  const auto report = anchor.Check(head->epoch, HeadDigest(*head), head->evidence);
  if (absl::IsUnavailable(report.status())) return report.status();
  rows.any_ = Attested(*head, report);
  if (rows.any_.ok()) LABREC_RETURN_IF_ERROR(rows.JudgeTree(*head));
  return rows;
}

// The digests are stored beside the directories that they are taken of, so either may have been edited.
absl::Status VouchedRows::JudgeTree(const HeadRow& head) {
  std::vector<Digest> leaves(size_t{1} << head.bucket_exponent);
  for (uint32_t bucket = 0; bucket < leaves.size(); ++bucket) {
    LABREC_ASSIGN_OR_RETURN(const Bytes directory, store_->ReadDirectory(bucket));
    leaves[bucket] = BucketDigest(bucket, directory);
  }
  buckets_.assign(leaves.size(), true);
  if (MerkleTree(head.bucket_exponent, leaves).root() == head.root) return absl::OkStatus();
  const absl::StatusOr<MerkleTree> stored = LoadTreeUnchecked(*store_, head.bucket_exponent);
  if (stored.ok() && stored->root() == head.root) {
    for (uint32_t bucket = 0; bucket < leaves.size(); ++bucket) {
      buckets_[bucket] = stored->leaf(bucket) == leaves[bucket];
    }
    return absl::OkStatus();
  }
  any_ = absl::DataLossError(
      "neither the bucket digests nor the directories make up the root that the device vouches for");
  return absl::OkStatus();
}

absl::StatusOr<BucketDirectory> VouchedRows::DirectoryOf(uint32_t bucket) {
  if (!VouchesFor(bucket)) return BucketDirectory();
  LABREC_ASSIGN_OR_RETURN(const Bytes bytes, store_->ReadDirectory(bucket));
  return BucketDirectory::Parse(bytes);
}

// Goes through the store's rows and the directories side by side.
class VouchedRows::Walk {
 public:
  Walk(VouchedRows& rows, const Visit& visit) : rows_(rows), visit_(visit) {}

  absl::Status Row(const RowAddress& address, ByteView content) {
    LABREC_RETURN_IF_ERROR(GoTo(address.bucket));
    while (next_ < directory_.entries().size() && directory_.entries()[next_].key < address.key) {
      LABREC_RETURN_IF_ERROR(VisitMissing());
    }
    const bool named = next_ < directory_.entries().size() && directory_.entries()[next_].key == address.key;
    if (!named) {
      return visit_(address, content,
                    rows_.VouchesFor(address.bucket) ? Standing::kUnnamed : Standing::kDoubtful);
    }
    const bool same = directory_.entries()[next_++].content == Sha256(content);
    return visit_(address, content, same ? Standing::kVouched : Standing::kDoubtful);
  }

  absl::Status End() { return GoTo(static_cast<uint32_t>(rows_.buckets_.size())); }

 private:
  // Buckets up to this one are done with.
  absl::Status GoTo(uint32_t bucket) {
    while (bucket_ != bucket) {
      while (next_ < directory_.entries().size()) LABREC_RETURN_IF_ERROR(VisitMissing());
      if (bucket_.has_value() && *bucket_ >= rows_.buckets_.size()) break;
      bucket_ = bucket_.has_value() ? *bucket_ + 1 : 0;
      LABREC_ASSIGN_OR_RETURN(directory_, rows_.DirectoryOf(*bucket_));
      next_ = 0;
    }
    return absl::OkStatus();
  }

  absl::Status VisitMissing() {
    return visit_({*bucket_, directory_.entries()[next_++].key}, {}, Standing::kMissing);
  }

  VouchedRows& rows_;
  const Visit& visit_;
  std::optional<uint32_t> bucket_;
  BucketDirectory directory_;  // of bucket_
  size_t next_ = 0;            // its first entry whose row was not met yet
};

absl::Status VouchedRows::ForEachRow(const Visit& visit) {
  Walk walk(*this, visit);
  LABREC_RETURN_IF_ERROR(store_->ForEachRow(
      [&walk](const RowAddress& address, ByteView content) { return walk.Row(address, content); }));
  return walk.End();
}

}  // namespace labrec::recovery
