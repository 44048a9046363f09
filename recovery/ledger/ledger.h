#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// A batch on its way through the pipeline: Stage -> Persist -> Anchor.
class StagedBatch;

// Rows on untrusted storage whose every read is checked, up to the device's freshness anchor.
// docs/ledger.md is the specification. The ledger neither knows what rows mean nor runs threads.
//
// After an error that ends the process, Stage, Persist, Anchor and CheckClaim keep returning it ("the ledger
// has stopped"), and nothing more must be answered. Threads: these four from one thread (the commit thread);
// everything else from any thread. Anchor calls of the device are made in Create, Open, Stage, Anchor,
// CheckClaim, and in a Persist that ends ABORTED.
class Ledger {
 public:
  struct OpenReport {
    uint64_t epoch = 0;
    bool rolled_forward = false;  // a durable, never anchored batch was anchored; nothing of it was answered
  };

  // Whether Read and Stage ask storage again for what was read or written lately (read_cache.h).
  enum class Reads { kFromStorage, kKept };

  // Makes the first, empty state on storage without a ledger, and anchors it.
  static absl::StatusOr<std::unique_ptr<Ledger>> Create(Store& store, hsm::FreshnessAnchor& anchor,
                                                        ByteView realm_id, uint32_t bucket_exponent);

  // Checks what storage holds against the device, makes it durable, claims the anchor, checks once more,
  // rolls an unanchored batch forward, and commits the empty batches that fence off other runs
  // (docs/ledger.md, "Starting"). DATA_LOSS: forged, edited, rolled back (the message says which, by how many
  // epochs, and what the operator can do), and then nothing was written to the device nor to storage, unless
  // another run moved it meanwhile; FAILED_PRECONDITION: another realm's storage, or none; UNAVAILABLE: the
  // device is away.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(Store& store, hsm::FreshnessAnchor& anchor,
                                                      ByteView realm_id, OpenReport* report = nullptr,
                                                      Reads reads = Reads::kFromStorage);

  virtual ~Ledger() = default;

  // The bucket of an account, from SHA-256(LP(tenant) || LP(account)).
  virtual uint32_t BucketOf(const Digest& account_hash) const = 0;

  // The row as of the latest persisted batch; nullopt if there is none. DATA_LOSS if storage does not hold
  // what the ledger's digests say (the message names bucket and row): the row was edited, swapped or removed.
  virtual absl::StatusOr<std::optional<Bytes>> Read(const RowAddress& address) = 0;

  // Computes the state after `writes` (distinct addresses; an empty list is a fence) and has the anchor
  // prepare it. Changes nothing durable, but for a fence that storage had no room for after it refused a
  // batch: ABORTED where it still has none. An error leaves all as it was.
  virtual absl::StatusOr<std::unique_ptr<StagedBatch>> Stage(std::vector<RowWrite> writes) = 0;

  // Writes the batch durably. ABORTED: certainly not written, the batch may be dropped. Any other error: end
  // the process (docs/ledger.md, "Committing a batch").
  virtual absl::Status Persist(StagedBatch& batch) = 0;

  // Whether storage has refused a batch and the fence after it: nothing can be staged until it takes that.
  // Commit thread.
  virtual bool storage_refuses() const = 0;

  // Makes the persisted batch the only acceptable state. UNAVAILABLE: not known whether the device counted;
  // call again with the same batch when it is back, and stage nothing before. DATA_LOSS: somebody else uses
  // the device's counter: end the process.
  virtual absl::Status Anchor(StagedBatch& batch) = 0;

  // Whether anything may be answered without a batch of its own: not after a batch that storage refused,
  // until the next batch is anchored (docs/ledger.md, "Answers without a batch"). Commit thread.
  virtual bool settled() const = 0;

  // OK if no other run has claimed the anchor. To be asked before anything is answered without a batch of its
  // own, after the rows for it were read. UNAVAILABLE: the device is away; any other error ends the process.
  virtual absl::Status CheckClaim() = 0;

  // Whether it has stopped: the error that one of the four returned ends the process. Any thread.
  virtual bool stopped() const = 0;

  virtual uint64_t epoch() const = 0;  // of the latest anchored batch
  virtual uint64_t row_count() const = 0;
  virtual uint64_t discontinuities() const = 0;
  virtual const Bytes& realm_id() const = 0;
};

class StagedBatch {
 public:
  virtual ~StagedBatch() = default;
  virtual uint64_t epoch() const = 0;
};

}  // namespace labrec::recovery
