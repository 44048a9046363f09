#pragma once

#include <sqlite3.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/sqlite/statement.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// The rows' contents, in slots that never move within the file and are never given back to it.
//
// Why: SQLite zeroes what it frees (secure_delete). But when it rearranges a page it may leave copies of
// cells that moved to a neighbour, and an erased nonce would live on in one. So `slots` grows only at its
// end, and a slot is overwritten in place, by content of its own size only. A row that goes, or changes its
// size, leaves a slot of zeros to the next row of that size. Threads: one, within a transaction.
class Slots {
 public:
  explicit Slots(sqlite3* database);
  absl::Status Put(const RowAddress& address, ByteView content);
  absl::Status Remove(const RowAddress& address);

 private:
  struct Place {
    int64_t slot = 0;
    int64_t size = 0;
  };
  absl::StatusOr<std::optional<Place>> Find(const RowAddress& address);
  absl::Status Overwrite(int64_t slot, ByteView content);
  absl::Status Vacate(const Place& place);
  absl::StatusOr<int64_t> Occupy(ByteView content);

  sqlite3* database_;
  Statement find_, overwrite_, zero_, append_, find_free_, take_free_, add_free_, link_, unlink_;
};

}  // namespace labrec::recovery
