#pragma once

#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// The rows that one batch looks at and changes: read from the ledger once, then each request of the batch
// sees what those before it did. One thread.
class WorkingSet {
 public:
  explicit WorkingSet(Ledger& ledger) : ledger_(ledger) {}

  // The row as the batch has left it so far; the pointee stays until the next Put or Remove of this row.
  // Errors as ReadAccount.
  absl::StatusOr<const std::optional<Account>*> account(const RecordName& name);
  absl::StatusOr<const std::optional<Record>*> record(const RecordName& name);

  // Only rows that were asked for may be put or removed; aborts otherwise.
  void Put(Account account);
  void Put(Record record);
  void Remove(const RecordName& record);

  // Indices of chip-enforced versions that are no more in any row of the batch: to be deleted once it is
  // anchored.
  std::vector<uint32_t> ReleasedIndices() const;
  // What differs from the ledger.
  std::vector<RowWrite> Writes() const;

 private:
  template <typename Row>
  struct Slot {
    RowAddress address;
    std::optional<Row> stored;
    std::optional<Row> current;
  };
  Ledger& ledger_;
  std::map<Digest, Slot<Account>> accounts_;  // by row key
  std::map<Digest, Slot<Record>> records_;
};

}  // namespace labrec::recovery
