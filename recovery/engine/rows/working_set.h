#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// The rows that one batch looks at and changes: as memory has them, which is what the ledger has, but for the
// refills that wait. Each request of the batch sees what those before it did. One thread.
class WorkingSet {
 public:
  WorkingSet(Ledger& ledger, WaitingRefills& refills) : ledger_(ledger), refills_(refills) {}

  // The row as the batch has left it so far; the pointee stays until the next Put or Remove of this row.
  // Errors as ReadAccount.
  absl::StatusOr<const std::optional<Account>*> account(const RecordName& name);
  absl::StatusOr<const std::optional<Record>*> record(const RecordName& name);

  // Only rows that were asked for may be put or removed; aborts otherwise.
  void Put(Account account);
  void Put(Record record);
  // The same, after a success that may wait to be written (RefillMayWait).
  void PutRefill(Record record);
  void Remove(const RecordName& record);
  void RemoveAccount(const RecordName& account);  // its own row; its records' go by Remove
  // Whether a row was put or removed that was not so before, since this was asked last.
  bool TakeChanged() { return std::exchange(changed_, false); }

  // Keys of chip-enforced versions that are no more in their row, also of those that came and went within the
  // batch: their indices are to be deleted once it is anchored.
  std::vector<Bytes> ErasedChipKeys() const;
  // ChallengeTable::VersionId of versions that are no more in their row.
  std::vector<Digest> ErasedVersions() const;
  // The record's version that is begun in the chip, where the batch changes which one that is.
  struct BegunInChip {
    RecordName name;
    std::optional<ChipVersion> version;
  };
  std::vector<BegunInChip> ChangedRegistrations() const;
  // Whether the batch changes anything that must be anchored before it is answered: all but refills that may
  // wait.
  bool MustBeAnchored() const;
  // The batch is anchored though it may change nothing.
  void DemandAnchor() { must_be_anchored_ = true; }
  // What differs from the ledger: what this batch changes, and all refills that wait, each row as memory has
  // it. A refill whose row cannot be read any more is given up, as it would keep every batch from being
  // written.
  std::vector<RowWrite> Writes();
  // From now on the refills of this batch wait. Of one that need not be anchored.
  void LetRefillsWait(WaitingRefills::Time now);

 private:
  template <typename Row>
  struct Slot {
    RowAddress address;
    std::optional<Row> stored;
    std::optional<Row> current;
  };
  void Replace(Slot<Record>& slot, Record record);

  Ledger& ledger_;
  WaitingRefills& refills_;
  std::map<Digest, Slot<Account>> accounts_;  // by row key
  std::map<Digest, Slot<Record>> records_;
  bool changed_ = false;
  bool must_be_anchored_ = false;
  std::set<Bytes> replaced_chip_keys_;  // of rows that were put over or removed
};

}  // namespace labrec::recovery
