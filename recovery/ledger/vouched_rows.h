#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/ledger/bucket.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// How a row stands to what the device vouches for.
enum class Standing {
  kVouched,   // the row is in the tree, as it is
  kDoubtful,  // the tree has another content under this key, or nobody vouches for the bucket
  kUnnamed,   // the device vouches for the bucket, and no such row was in it
  kMissing,   // such a row was in it, and storage has none
};

// Which rows of a ledger that is refused the device still vouches for: those that fit the tree of the head on
// storage, if the head's evidence is this device's. So they are what the realm once wrote, all of them at one
// moment; which moment it was, whoever set storage back has chosen.
//
// A TPM judges evidence of every epoch. A PKCS#11 token has destroyed the keys of past epochs, and judges
// only its current epoch and the next: it tells edited rows, and after a rollback it tells nothing. One
// thread.
class VouchedRows {
 public:
  // Looks at head, bucket digests and directories of a realm's storage, whose lifetime is longer, and at the
  // device, and changes nothing. Errors: those of the store; UNAVAILABLE if the device is away.
  static absl::StatusOr<VouchedRows> Find(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id);

  // OK if the device vouches for anything; otherwise DATA_LOSS, saying why it does not.
  const absl::Status& any() const { return any_; }

  // Every row of the store, and in their places those that are missing, without content; in order of bucket
  // and key, if the store's are.
  using Visit = std::function<absl::Status(const RowAddress&, ByteView content, Standing)>;
  absl::Status ForEachRow(const Visit& visit);

 private:
  class Walk;

  explicit VouchedRows(Store& store) : store_(&store) {}
  absl::Status JudgeTree(const HeadRow& head);
  bool VouchesFor(uint32_t bucket) const { return any_.ok() && bucket < buckets_.size() && buckets_[bucket]; }
  absl::StatusOr<BucketDirectory> DirectoryOf(uint32_t bucket);

  Store* store_;
  absl::Status any_;
  std::vector<bool> buckets_;  // those whose directory the head vouches for
};

}  // namespace labrec::recovery
