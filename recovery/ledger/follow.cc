#include "recovery/ledger/follow.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/ledger/head.h"
#include "recovery/ledger/merkle.h"
#include "recovery/ledger/start_up.h"
#include "recovery/store/buckets.h"

namespace labrec::recovery {
namespace {

constexpr int kLooks = 5;

bool Same(const HeadRow& a, const HeadRow& b) {
  return a.epoch == b.epoch && a.root == b.root && a.evidence == b.evidence;
}

}  // namespace

// Freshness first: it says more of a copy that is of another time.
absl::Status LedgerFollower::Judge(const Seen& seen) {
  const HeadRow& head = seen.head;
  LABREC_ASSIGN_OR_RETURN(const hsm::FreshnessReport report,
                          anchor_.Check(head.epoch, HeadDigest(head), head.evidence));
  LABREC_RETURN_IF_ERROR(ExplainFreshness(head, report));
  if (seen.whole) return absl::OkStatus();
  return absl::DataLossError(
      "edited: the bucket digests do not make up the head's root ('labyrinth-admin anchor verify' says "
      "more)");
}

absl::StatusOr<LedgerFollower::Seen> LedgerFollower::Read(StoreFollower& store, Depth depth) {
  std::vector<Digest> leaves;
  const auto note = [&leaves](uint32_t bucket, const Digest& digest) -> absl::Status {
    if (bucket >= size_t{1} << kMaxBucketExponent) {
      return absl::DataLossError(absl::StrCat("edited: there is a digest of a bucket ", bucket));
    }
    if (bucket >= leaves.size()) leaves.resize(bucket + 1);
    leaves[bucket] = digest;
    return absl::OkStatus();
  };
  absl::StatusOr<std::optional<HeadRow>> found =
      depth == Depth::kTree ? store.ReadState(note) : store.ReadHead();
  LABREC_RETURN_IF_ERROR(found.status());
  LABREC_ASSIGN_OR_RETURN(HeadRow head, CheckRealmHead(*std::move(found), realm_id_));
  Seen seen{std::move(head)};
  if (depth == Depth::kHead) return seen;
  const size_t buckets = size_t{1} << seen.head.bucket_exponent;
  seen.whole = leaves.size() <= buckets;
  leaves.resize(buckets);
  seen.whole = seen.whole && MerkleTree(seen.head.bucket_exponent, leaves).root() == seen.head.root;
  return seen;
}

absl::StatusOr<HeadRow> LedgerFollower::Look(StoreFollower& store, Depth depth) {
  for (int look = 0; look < kLooks; ++look) {
    LABREC_ASSIGN_OR_RETURN(Seen seen, Read(store, depth));
    const absl::Status judged = Judge(seen);
    if (judged.ok()) return std::move(seen.head);
    if (absl::IsUnavailable(judged)) return judged;  // the device is away
    // The other process commits while both are asked: only a state that is there still was passed by.
    absl::StatusOr<std::optional<HeadRow>> now = store.ReadHead();
    LABREC_RETURN_IF_ERROR(now.status());
    if (now->has_value() && Same(**now, seen.head)) return judged;
  }
  return absl::UnavailableError(
      "the other process commits faster than its states can be held against the device");
}

}  // namespace labrec::recovery
