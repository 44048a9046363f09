#include "recovery/engine/working_set.h"

#include <set>

#include "hsm/base/status_macros.h"
#include "recovery/engine/rows.h"
#include "recovery/record/codec.h"
#include "recovery/record/row_key.h"

namespace labrec::recovery {
namespace {

Bytes Encode(const Account& account) {
  return EncodeAccount(account);
}
Bytes Encode(const Record& record) {
  return EncodeRecord(record);
}

void AddIndices(const std::optional<Record>& record, std::set<uint32_t>& indices) {
  if (!record) return;
  for (const RecordVersion& version : record->versions) {
    if (version.chip) indices.insert(version.chip->index);
  }
}

template <typename Slots>
void AddWrites(const Slots& slots, std::vector<RowWrite>& writes) {
  for (const auto& [key, slot] : slots) {
    if (slot.current == slot.stored) continue;
    writes.push_back({slot.address, std::nullopt});
    if (slot.current) writes.back().content = Encode(*slot.current);
  }
}

}  // namespace

absl::StatusOr<const std::optional<Account>*> WorkingSet::account(const RecordName& name) {
  const RowAddress address = AccountAddress(ledger_, name.tenant, name.account);
  const auto known = accounts_.find(address.key);
  if (known != accounts_.end()) return &known->second.current;
  LABREC_ASSIGN_OR_RETURN(std::optional<Account> row, ReadAccount(ledger_, name.tenant, name.account));
  return &accounts_.emplace(address.key, Slot<Account>{address, row, row}).first->second.current;
}

absl::StatusOr<const std::optional<Record>*> WorkingSet::record(const RecordName& name) {
  const RowAddress address = RecordAddress(ledger_, name);
  const auto known = records_.find(address.key);
  if (known != records_.end()) return &known->second.current;
  LABREC_ASSIGN_OR_RETURN(std::optional<Record> row, ReadRecord(ledger_, name));
  return &records_.emplace(address.key, Slot<Record>{address, row, row}).first->second.current;
}

void WorkingSet::Put(Account account) {
  const Digest key = AccountRowKey(account.tenant, account.account);
  accounts_.at(key).current = std::move(account);
}

void WorkingSet::Put(Record record) {
  const Digest key = RecordRowKey(record.name);
  records_.at(key).current = std::move(record);
}

void WorkingSet::Remove(const RecordName& record) {
  records_.at(RecordRowKey(record)).current.reset();
}

std::vector<uint32_t> WorkingSet::ReleasedIndices() const {
  std::set<uint32_t> released;
  for (const auto& [key, slot] : records_) AddIndices(slot.stored, released);
  std::set<uint32_t> kept;
  for (const auto& [key, slot] : records_) AddIndices(slot.current, kept);
  for (const uint32_t index : kept) released.erase(index);
  return {released.begin(), released.end()};
}

std::vector<RowWrite> WorkingSet::Writes() const {
  std::vector<RowWrite> writes;
  AddWrites(accounts_, writes);
  AddWrites(records_, writes);
  return writes;
}

}  // namespace labrec::recovery
