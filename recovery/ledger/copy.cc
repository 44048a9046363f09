#include "recovery/ledger/copy.h"

#include <optional>
#include <utility>
#include <vector>

#include "hsm/base/status_macros.h"
#include "recovery/ledger/start_up.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRowsPerCopiedBatch = 500;
constexpr size_t kBucketsPerCopy = 1000;

// Writes batches under a head without evidence, which is no ledger's.
class Copy {
 public:
  Copy(Store& source, Store& target, const HeadRow& head) : source_(source), target_(target) {
    batch_.head = head;
    batch_.head.evidence.clear();
  }

  absl::Status AddRow(const RowAddress& address, ByteView content) {
    batch_.rows.push_back({address, ToBytes(content)});
    return batch_.rows.size() < kRowsPerCopiedBatch ? absl::OkStatus() : Flush();
  }

  absl::Status AddBucket(uint32_t bucket, const Digest& digest) {
    batch_.buckets.push_back({bucket, digest, {}});
    return batch_.buckets.size() < kBucketsPerCopy ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    std::vector<uint32_t> buckets;
    for (const BucketWrite& bucket : batch_.buckets) buckets.push_back(bucket.bucket);
    LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> directories, source_.ReadDirectories(buckets));
    for (size_t i = 0; i < buckets.size(); ++i) batch_.buckets[i].directory = std::move(directories[i]);
    LABREC_RETURN_IF_ERROR(target_.Write(batch_));
    batch_.rows.clear();
    batch_.buckets.clear();
    return absl::OkStatus();
  }

 private:
  Store& source_;
  Store& target_;
  StoreBatch batch_;
};

}  // namespace

absl::StatusOr<bool> IsUnfinished(Store& store) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<HeadRow> head, store.ReadHead());
  return head.has_value() && head->evidence.empty();
}

absl::Status CopyLedger(Store& source, Store& target, ByteView realm_id,
                        const std::function<void(uint64_t)>& progress) {
  LABREC_ASSIGN_OR_RETURN(const HeadRow head, ReadRealmHead(source, realm_id));
  LABREC_ASSIGN_OR_RETURN(const std::optional<HeadRow> present, target.ReadHead());
  if (present.has_value()) {
    return absl::FailedPreconditionError("the place to copy to holds a ledger already: it is left as it is");
  }
  Copy copy(source, target, head);
  uint64_t rows = 0;
  LABREC_RETURN_IF_ERROR(source.ForEachRow([&](const RowAddress& address, ByteView content) {
    if (++rows % 1000 == 0 && progress) progress(rows);
    return copy.AddRow(address, content);
  }));
  LABREC_RETURN_IF_ERROR(copy.Flush());
  LABREC_RETURN_IF_ERROR(source.ForEachBucketDigest(
      [&](uint32_t bucket, const Digest& digest) { return copy.AddBucket(bucket, digest); }));
  LABREC_RETURN_IF_ERROR(copy.Flush());
  StoreBatch last;
  last.head = head;
  if (progress) progress(rows);
  return target.Write(last);
}

}  // namespace labrec::recovery
