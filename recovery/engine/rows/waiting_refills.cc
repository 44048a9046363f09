#include "recovery/engine/rows/waiting_refills.h"

#include <algorithm>

namespace labrec::recovery {

std::optional<Record> WaitingRefills::Find(const Digest& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(key);
  if (found == rows_.end()) return std::nullopt;
  return found->second.record;
}

std::vector<WaitingRefills::Row> WaitingRefills::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<Row> all;
  for (const auto& [key, row] : rows_) all.push_back(row);
  return all;
}

void WaitingRefills::Put(const RowAddress& address, const Record& record, Time now) {
  const std::lock_guard lock(mutex_);
  if (rows_.empty()) first_ = now;
  rows_.insert_or_assign(address.key, Row{address, record});
}

void WaitingRefills::GiveUp(const Digest& key) {
  const std::lock_guard lock(mutex_);
  rows_.erase(key);
}

void WaitingRefills::Written() {
  const std::lock_guard lock(mutex_);
  rows_.clear();
}

void WaitingRefills::Postpone(Time next) {
  const std::lock_guard lock(mutex_);
  not_before_ = next;
}

std::optional<WaitingRefills::Time> WaitingRefills::due() const {
  const std::lock_guard lock(mutex_);
  if (rows_.empty()) return std::nullopt;
  return std::max(rows_.size() < kMost ? first_ + kLongest : first_, not_before_);
}

}  // namespace labrec::recovery
