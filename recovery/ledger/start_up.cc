#include "recovery/ledger/start_up.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/bucket.h"
#include "recovery/ledger/checked_read.h"

namespace labrec::recovery {
namespace {

constexpr size_t kNamedBuckets = 5;

absl::Status Refuse(const std::string& what) {
  return absl::DataLossError(absl::StrCat(what, "; ", kRemedy));
}

// Which buckets' digests do not fit their directories, as far as storage itself tells.
std::string DoubtfulBuckets(Store& store, const MerkleTree& tree) {
  std::vector<uint32_t> doubtful;
  for (uint32_t bucket = 0; bucket < tree.bucket_count() && doubtful.size() < kNamedBuckets; ++bucket) {
    const absl::StatusOr<Bytes> directory = store.ReadDirectory(bucket);
    if (!directory.ok() || BucketDigest(bucket, *directory) != tree.leaf(bucket)) doubtful.push_back(bucket);
  }
  if (doubtful.empty()) return "whole buckets are of another time, or made up";
  return absl::StrCat("the digest does not fit the directory of bucket ", absl::StrJoin(doubtful, ", "),
                      doubtful.size() == kNamedBuckets ? " and perhaps more" : "");
}

}  // namespace

absl::StatusOr<HeadRow> ReadRealmHead(Store& store, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(std::optional<HeadRow> head, store.ReadHead());
  return CheckRealmHead(std::move(head), realm_id);
}

absl::StatusOr<HeadRow> CheckRealmHead(std::optional<HeadRow> head, ByteView realm_id) {
  if (!head.has_value()) {
    return absl::FailedPreconditionError(
        "storage holds no ledger: make one with 'labyrinth-admin realm init'");
  }
  if (!SameBytes(head->realm_id, realm_id)) {
    return absl::FailedPreconditionError(absl::StrCat("storage belongs to realm ", Hex(head->realm_id),
                                                      ", this is realm ", Hex(realm_id), ": check the path"));
  }
  if (head->evidence.empty()) {
    return absl::FailedPreconditionError(
        "storage is the unfinished rebuild of a ledger: remove it and run 'labyrinth-admin anchor accept' "
        "again");
  }
  if (head->bucket_exponent > kMaxBucketExponent) {
    return Refuse(absl::StrCat("forged: the head row claims 2^", head->bucket_exponent, " buckets"));
  }
  return *std::move(head);
}

absl::Status ExplainFreshness(const HeadRow& head, const hsm::FreshnessReport& report) {
  const std::string epochs =
      absl::StrCat("storage has epoch ", head.epoch, ", the device is at epoch ", report.device_epoch);
  switch (report.freshness) {
    case hsm::Freshness::kFresh:
    case hsm::Freshness::kOneAhead:
      return absl::OkStatus();
    case hsm::Freshness::kStale:
      return Refuse(absl::StrCat("rolled back by ", report.device_epoch - head.epoch, " epoch",
                                 report.device_epoch - head.epoch == 1 ? "" : "s", ": ", epochs));
    case hsm::Freshness::kUnknown:
      return Refuse(absl::StrCat("storage is ahead of the device: ", epochs,
                                 "; it belongs to another device, or the device was set back"));
    case hsm::Freshness::kForged:
      break;
  }
  return Refuse(
      absl::StrCat("forged: the head row was edited or is of another device, its evidence is not this "
                   "device's for its fields (",
                   epochs, ")"));
}

absl::StatusOr<MerkleTree> LoadTreeUnchecked(Store& store, uint32_t bucket_exponent) {
  std::vector<Digest> leaves(size_t{1} << bucket_exponent);
  const absl::Status loaded = store.ForEachBucketDigest([&leaves](uint32_t bucket, const Digest& digest) {
    if (bucket >= leaves.size())
      return Refuse(absl::StrCat("edited: there is a digest of a bucket ", bucket));
    leaves[bucket] = digest;
    return absl::OkStatus();
  });
  LABREC_RETURN_IF_ERROR(loaded);
  return MerkleTree(bucket_exponent, leaves);
}

absl::StatusOr<MerkleTree> LoadTree(Store& store, const HeadRow& head) {
  LABREC_ASSIGN_OR_RETURN(MerkleTree tree, LoadTreeUnchecked(store, head.bucket_exponent));
  if (tree.root() == head.root) return tree;
  return Refuse(absl::StrCat("edited: the bucket digests do not make up the head's root: ",
                             DoubtfulBuckets(store, tree)));
}

}  // namespace labrec::recovery
