#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/store/follower.h"

namespace labrec::recovery {

// Judges a ledger that another process works on, as Ledger::Open would, with the device only read. The tree
// is built and held against the head's root, and not kept, as the next batch changes it
// (docs/adr/a-standby-reads-the-tree-anew.md). One thread.
class LedgerFollower {
 public:
  // The anchor outlives it.
  LedgerFollower(hsm::FreshnessAnchor& anchor, Bytes realm_id)
      : anchor_(anchor), realm_id_(std::move(realm_id)) {}

  enum class Depth {
    kHead,  // the head against the device
    kTree,  // every bucket's digest against the head's root
  };
  // The head, if it is fresh or one ahead. Errors as Ledger::Open, and UNAVAILABLE too where the other
  // process commits so fast that no state could be held against the device. A state that the device had
  // passed by when it was asked is none: it is looked at anew.
  absl::StatusOr<HeadRow> Look(StoreFollower& store, Depth depth);

 private:
  struct Seen {
    HeadRow head;
    bool whole = true;  // the digests make up its root, as far as they were read
  };
  absl::StatusOr<Seen> Read(StoreFollower& store, Depth depth);
  absl::Status Judge(const Seen& seen);

  hsm::FreshnessAnchor& anchor_;
  const Bytes realm_id_;
};

}  // namespace labrec::recovery
