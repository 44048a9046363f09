#include "recovery/ledger/reanchor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/bucket.h"
#include "recovery/ledger/head.h"
#include "recovery/ledger/merkle.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRowsPerBatch = 2000;
constexpr uint64_t kRowsPerProgress = 1000;
constexpr uint64_t kMostDiscontinuities = 1'000'000'000;

// Takes rows in order and writes them to the target, whole buckets at a time, under a head that no ledger
// opens.
class Rebuild {
 public:
  Rebuild(Store& target, const ReanchorRequest& request, HeadRow head)
      : target_(target),
        request_(request),
        head_(std::move(head)),
        leaves_(size_t{1} << head_.bucket_exponent) {
    batch_.head = head_;
  }

  absl::Status Add(const RowAddress& address, ByteView content) {
    LABREC_RETURN_IF_ERROR(CheckPlace(address));
    if (address.bucket != bucket_) LABREC_RETURN_IF_ERROR(EndBucket());
    bucket_ = address.bucket;
    last_ = address;
    if (++seen_ % kRowsPerProgress == 0 && request_.progress) request_.progress(seen_);
    LABREC_ASSIGN_OR_RETURN(std::optional<Bytes> changed, request_.transform(address, content));
    if (!changed.has_value()) return absl::OkStatus();
    directory_.Set(address.key, Sha256(*changed));
    batch_.rows.push_back({address, std::move(changed)});
    ++head_.records;
    return absl::OkStatus();
  }

  // Writes what is left, all but the true head. The batch to end with has that alone.
  absl::StatusOr<HeadRow> Finish() {
    LABREC_RETURN_IF_ERROR(EndBucket());
    LABREC_RETURN_IF_ERROR(Flush());
    head_.root = MerkleTree(head_.bucket_exponent, leaves_).root();
    return head_;
  }

  uint64_t left_out() const { return seen_ - head_.records; }

 private:
  absl::Status CheckPlace(const RowAddress& address) const {
    const bool in_order = !last_.has_value() || last_->bucket < address.bucket ||
                          (last_->bucket == address.bucket && last_->key < address.key);
    if (in_order && address.bucket < leaves_.size()) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("row ", Hex(address.key), " of bucket ", address.bucket,
                     " is out of place: the database itself is damaged, restore another copy"));
  }

  absl::Status EndBucket() {
    if (directory_.entries().empty()) return absl::OkStatus();
    Bytes bytes = directory_.Serialize();
    leaves_[bucket_] = BucketDigest(bucket_, bytes);
    batch_.buckets.push_back({bucket_, leaves_[bucket_], std::move(bytes)});
    directory_ = BucketDirectory();
    return batch_.rows.size() >= kRowsPerBatch ? Flush() : absl::OkStatus();
  }

  absl::Status Flush() {
    LABREC_RETURN_IF_ERROR(target_.Write(batch_));
    batch_.rows.clear();
    batch_.buckets.clear();
    return absl::OkStatus();
  }

  Store& target_;
  const ReanchorRequest& request_;
  HeadRow head_;
  std::vector<Digest> leaves_;
  StoreBatch batch_;
  uint32_t bucket_ = 0;
  std::optional<RowAddress> last_;
  BucketDirectory directory_;
  uint64_t seen_ = 0;
};

// The head of the rebuild, without root, epoch and evidence.
absl::StatusOr<HeadRow> FirstHead(Store& source, Store& target, const ReanchorRequest& request) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<HeadRow> old, source.ReadHead());
  if (!old.has_value() || !SameBytes(old->realm_id, request.realm_id) ||
      old->bucket_exponent > kMaxBucketExponent) {
    return absl::FailedPreconditionError("storage holds no ledger of this realm: restore one first");
  }
  LABREC_ASSIGN_OR_RETURN(const std::optional<HeadRow> present, target.ReadHead());
  if (present.has_value())
    return absl::FailedPreconditionError("the new ledger's storage is not empty: remove it");
  HeadRow head;
  head.realm_id = request.realm_id;
  head.bucket_exponent = old->bucket_exponent;
  // Nothing vouches for the old head: a number that no operator ever reached was edited in.
  const uint64_t before = old->discontinuities < kMostDiscontinuities ? old->discontinuities : 0;
  head.discontinuities = std::max(before, request.known_discontinuities) + 1;
  return head;
}

}  // namespace

absl::StatusOr<ReanchorReport> Reanchor(Store& source, Store& target, hsm::FreshnessAnchor& anchor,
                                        const ReanchorRequest& request) {
  LABREC_ASSIGN_OR_RETURN(HeadRow first, FirstHead(source, target, request));
  Rebuild rebuild(target, request, std::move(first));
  const auto add = [&rebuild](const RowAddress& address, ByteView content) {
    return rebuild.Add(address, content);
  };
  LABREC_RETURN_IF_ERROR(request.rows ? request.rows(add) : source.ForEachRow(add));
  StoreBatch last;
  LABREC_ASSIGN_OR_RETURN(last.head, rebuild.Finish());

  LABREC_RETURN_IF_ERROR(anchor.Claim());
  LABREC_ASSIGN_OR_RETURN(const uint64_t device_epoch, anchor.CurrentEpoch());
  last.head.epoch = device_epoch + 1;
  LABREC_ASSIGN_OR_RETURN(last.head.evidence, anchor.Prepare(last.head.epoch, HeadDigest(last.head)));
  LABREC_RETURN_IF_ERROR(target.Write(last));
  LABREC_RETURN_IF_ERROR(anchor.Commit(last.head.epoch));
  return ReanchorReport{last.head.epoch, last.head.records, rebuild.left_out(), last.head.discontinuities};
}

}  // namespace labrec::recovery
