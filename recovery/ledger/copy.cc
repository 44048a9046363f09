#include "recovery/ledger/copy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/start_up.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRowsPerCopiedBatch = 500;

// Writes batches of whole buckets under a head without evidence, which is no ledger's.
class Copy {
 public:
  Copy(Store& source, Store& target, const HeadRow& head) : source_(source), target_(target) {
    batch_.head = head;
    batch_.head.evidence.clear();
  }

  absl::Status ReadDigests() {
    return source_.ForEachBucketDigest([this](uint32_t bucket, const Digest& digest) {
      digests_.emplace(bucket, digest);
      return absl::OkStatus();
    });
  }

  absl::Status AddRow(const RowAddress& address, ByteView content) {
    if (bucket_ && *bucket_ != address.bucket) LABREC_RETURN_IF_ERROR(EndBucket());
    bucket_ = address.bucket;
    batch_.rows.push_back({address, ToBytes(content)});
    return absl::OkStatus();
  }

  // All that is left, buckets too of which no row was seen: whoever verifies the copy finds those.
  absl::Status Finish() {
    if (bucket_) LABREC_RETURN_IF_ERROR(EndBucket());
    while (!digests_.empty()) {
      bucket_ = digests_.begin()->first;
      LABREC_RETURN_IF_ERROR(EndBucket());
    }
    return Flush();
  }

 private:
  absl::Status EndBucket() {
    const auto digest = digests_.extract(*bucket_);
    if (digest.empty()) {
      return absl::DataLossError(
          absl::StrCat("there are rows in bucket ", *bucket_, ", and no digest of it"));
    }
    LABREC_ASSIGN_OR_RETURN(Bytes directory, source_.ReadDirectory(*bucket_));
    batch_.buckets.push_back({*bucket_, digest.mapped(), std::move(directory)});
    return std::max(batch_.rows.size(), batch_.buckets.size()) < kRowsPerCopiedBatch ? absl::OkStatus()
                                                                                     : Flush();
  }

  absl::Status Flush() {
    LABREC_RETURN_IF_ERROR(target_.Write(batch_));
    batch_.rows.clear();
    batch_.buckets.clear();
    return absl::OkStatus();
  }

  Store& source_;
  Store& target_;
  StoreBatch batch_;
  std::map<uint32_t, Digest> digests_;  // of the buckets that are to be copied yet
  std::optional<uint32_t> bucket_;      // of the latest row
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
  LABREC_RETURN_IF_ERROR(copy.ReadDigests());
  uint64_t rows = 0;
  LABREC_RETURN_IF_ERROR(source.ForEachRow([&](const RowAddress& address, ByteView content) {
    if (++rows % 1000 == 0 && progress) progress(rows);
    return copy.AddRow(address, content);
  }));
  LABREC_RETURN_IF_ERROR(copy.Finish());
  StoreBatch last;
  last.head = head;
  if (progress) progress(rows);
  return target.Write(last);
}

}  // namespace labrec::recovery
