#include "recovery/engine/rows/working_set.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

Bytes Encode(const Account& account) {
  return EncodeAccount(account);
}
Bytes Encode(const Record& record) {
  return EncodeRecord(record);
}

std::set<Bytes> ChipKeys(const std::optional<Record>& record) {
  std::set<Bytes> keys;
  if (!record) return keys;
  for (const RecordVersion& version : record->versions) {
    if (version.chip) keys.insert(version.chip->key);
  }
  return keys;
}

const RecordVersion* BegunInChipOf(const std::optional<Record>& record) {
  if (!record) return nullptr;
  const auto begun = std::ranges::find_if(
      record->versions, [](const RecordVersion& version) { return !version.usable() && version.chip; });
  return begun == record->versions.end() ? nullptr : &*begun;
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
  std::optional<Record> refilled = refills_.Find(address.key);
  std::optional<Record> current = refilled ? std::move(refilled) : row;
  return &records_.emplace(address.key, Slot<Record>{address, std::move(row), std::move(current)})
              .first->second.current;
}

void WorkingSet::Put(Account account) {
  const Digest key = AccountRowKey(account.tenant, account.account);
  std::optional<Account>& current = accounts_.at(key).current;
  if (current == account) return;
  changed_ = must_be_anchored_ = true;
  current = std::move(account);
}

void WorkingSet::Put(Record record) {
  Slot<Record>& slot = records_.at(RecordRowKey(record.name));
  if (slot.current == record) return;
  must_be_anchored_ = true;
  Replace(slot, std::move(record));
}

void WorkingSet::PutRefill(Record record) {
  Slot<Record>& slot = records_.at(RecordRowKey(record.name));
  if (slot.current != record) Replace(slot, std::move(record));
}

void WorkingSet::Replace(Slot<Record>& slot, Record record) {
  replaced_chip_keys_.merge(ChipKeys(slot.current));
  changed_ = true;
  slot.current = std::move(record);
}

void WorkingSet::RemoveAccount(const RecordName& account) {
  std::optional<Account>& current = accounts_.at(AccountRowKey(account.tenant, account.account)).current;
  if (!current) return;
  changed_ = must_be_anchored_ = true;
  current.reset();
}

void WorkingSet::Remove(const RecordName& record) {
  Slot<Record>& slot = records_.at(RecordRowKey(record));
  if (!slot.current) return;
  replaced_chip_keys_.merge(ChipKeys(slot.current));
  changed_ = must_be_anchored_ = true;
  slot.current.reset();
}

std::vector<Bytes> WorkingSet::ErasedChipKeys() const {
  std::set<Bytes> erased = replaced_chip_keys_;
  for (const auto& [key, slot] : records_) {
    for (const Bytes& kept : ChipKeys(slot.current)) erased.erase(kept);
  }
  return {erased.begin(), erased.end()};
}

std::vector<Digest> WorkingSet::ErasedVersions() const {
  std::vector<Digest> erased;
  for (const auto& [key, slot] : records_) {
    if (!slot.stored) continue;
    for (const RecordVersion& version : slot.stored->versions) {
      const RecordVersion* kept = slot.current ? slot.current->Find(version.number) : nullptr;
      if (kept == nullptr || kept->nonce != version.nonce) erased.push_back(Sha256(version.nonce));
    }
  }
  return erased;
}

std::vector<WorkingSet::BegunInChip> WorkingSet::ChangedRegistrations() const {
  std::vector<BegunInChip> changed;
  for (const auto& [key, slot] : records_) {
    const RecordVersion* before = BegunInChipOf(slot.stored);
    const RecordVersion* now = BegunInChipOf(slot.current);
    if (before == nullptr && now == nullptr) continue;
    if (before != nullptr && now != nullptr && before->nonce == now->nonce) continue;
    const RecordName& name = slot.current ? slot.current->name : slot.stored->name;
    changed.push_back({name, std::nullopt});
    if (now != nullptr) changed.back().version = ChipVersion{now->number, now->chip->index};
  }
  return changed;
}

bool WorkingSet::MustBeAnchored() const {
  return must_be_anchored_;
}

std::vector<RowWrite> WorkingSet::Writes() {
  std::vector<RowWrite> writes;
  AddWrites(accounts_, writes);
  AddWrites(records_, writes);
  for (WaitingRefills::Row& row : refills_.All()) {
    if (records_.contains(row.address.key)) continue;  // as this batch has left it
    if (const absl::Status read = ledger_.Read(row.address).status(); absl::IsDataLoss(read)) {
      spdlog::error("a refill is given up, a guess counts again: {}", std::string(read.message()));
      refills_.GiveUp(row.address.key);
      continue;
    }
    writes.push_back({row.address, Encode(row.record)});
  }
  return writes;
}

void WorkingSet::LetRefillsWait(WaitingRefills::Time now) {
  for (const auto& [key, slot] : records_) {
    if (slot.current && slot.current != slot.stored) refills_.Put(slot.address, *slot.current, now);
  }
}

}  // namespace labrec::recovery
