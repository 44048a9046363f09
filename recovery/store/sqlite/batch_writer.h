#pragma once

#include "absl/status/status.h"

#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/slots.h"
#include "recovery/store/sqlite/statement.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// The connection that writes, with its prepared statements.
// Threads: one at a time.
class BatchWriter {
 public:
  explicit BatchWriter(Database database);
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  // As Store::Write. Before COMMIT nothing is written to any file (cache_spill is off), so an error until
  // then changes nothing: ABORTED. COMMIT appends to the log alone, and what makes its pages count is part of
  // the last one: if that found no room nothing counts, which is ABORTED too. When COMMIT fails otherwise
  // SQLite does not say what reached the disk: INTERNAL.
  absl::Status Write(const StoreBatch& batch);

  // Before the first Write.
  absl::Status UseLog() { return recovery::UseLog(database_.get()); }

  // How long the write-ahead log was after the latest batch.
  int log_pages() const { return log_pages_; }

 private:
  absl::Status RollBack();
  absl::Status PutAll(const StoreBatch& batch);
  absl::Status PutBucket(const BucketWrite& bucket);
  absl::Status PutHead(const HeadRow& head);

  Database database_;
  Slots slots_;
  Statement put_digest_, drop_digest_, put_directory_, drop_directory_, put_head_;
  int log_pages_ = 0;
};

}  // namespace labrec::recovery
