#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {

// Where a row lies: its bucket, and its key within all rows.
struct RowAddress {
  uint32_t bucket = 0;
  Digest key{};
  bool operator==(const RowAddress&) const = default;
};

// A row to put, or (without content) to remove.
struct RowWrite {
  RowAddress address;
  std::optional<Bytes> content;
};

// A bucket's directory: for each of its rows, sorted by key, key (32 bytes) || SHA-256(content) (32 bytes).
struct BucketWrite {
  uint32_t bucket = 0;
  Digest digest{};
  Bytes directory;
};

// What names the current state. docs/formats.md.
struct HeadRow {
  uint64_t epoch = 0;
  Digest root{};
  Bytes realm_id;
  uint32_t bucket_exponent = 0;
  uint64_t records = 0;          // how many rows there are
  uint64_t discontinuities = 0;  // how often an operator accepted restored storage
  Bytes evidence;
};

// All that one ledger batch changes; applied as a whole or not at all.
struct StoreBatch {
  std::vector<RowWrite> rows;
  std::vector<BucketWrite> buckets;
  HeadRow head;
};

// Untrusted durable storage. It keeps bytes; whoever reads them checks them against digests.
// Threads: Write from one thread at a time; reads from any thread at any time.
class Store {
 public:
  virtual ~Store() = default;

  // nullopt on storage that holds no ledger yet.
  virtual absl::StatusOr<std::optional<HeadRow>> ReadHead() = 0;
  virtual absl::StatusOr<std::optional<Bytes>> ReadRow(const RowAddress& address) = 0;
  // Empty for a bucket without rows.
  virtual absl::StatusOr<Bytes> ReadDirectory(uint32_t bucket) = 0;
  // As those two, for many at once: in the order of what was asked for. Not of one moment.
  virtual absl::StatusOr<std::vector<std::optional<Bytes>>> ReadRows(
      std::span<const RowAddress> addresses) = 0;
  virtual absl::StatusOr<std::vector<Bytes>> ReadDirectories(std::span<const uint32_t> buckets) = 0;
  // Calls `visit` for every bucket that has a row, in ascending order, until it returns an error.
  virtual absl::Status ForEachBucketDigest(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) = 0;
  // Every row behind `after` (nullopt: every one), in order of bucket and key, as it lies at one moment,
  // until `visit` returns an error; for offline verification and the operator's lists.
  using RowVisit = std::function<absl::Status(const RowAddress&, ByteView)>;
  virtual absl::Status ForEachRowAfter(const std::optional<RowAddress>& after, const RowVisit& visit) = 0;
  absl::Status ForEachRow(const RowVisit& visit) { return ForEachRowAfter(std::nullopt, visit); }

  // Brings what reads show to durable storage, where it is not there yet: an earlier run may have died too
  // early. Called once what is read has been checked and before anything builds on it; until then, and until
  // the first Write, storage is as it was found. UNAVAILABLE, RESOURCE_EXHAUSTED: not now; any other error
  // ends the process.
  virtual absl::Status MakeDurable() = 0;

  // Applies the batch in one transaction, whose epoch is one more than the last one's, or the same; on OK it
  // has reached durable storage. ABORTED: certainly nothing was changed. Any other error: nobody knows
  // whether it was; the process must end and start anew.
  virtual absl::Status Write(const StoreBatch& batch) = 0;

  // What Write or MakeDurable waits for longer than is usual, for the operator; empty if for nothing. Any
  // thread.
  virtual std::string waits_for() const { return {}; }
  // From now on what waits so ends with an error, as nobody knows whether a batch that waits was written: for
  // the end of the process. Any thread.
  virtual void GiveUp() {}
};

}  // namespace labrec::recovery
