#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "hsm/base/hash.h"
#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Records with a refill that waits: a success emptied a version's count, and was answered, and storage has
// the row as it was before. Each is here as memory has it, whole. They are written with the next batch that
// is anchored, all of them. A crash loses them: docs/ledger.md, "Refills that ride along". The commit thread
// changes them; any thread may look.
class WaitingRefills {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // No safety rests on these two.
  static constexpr std::chrono::minutes kLongest{10};
  static constexpr size_t kMost = 1024;

  struct Row {
    RowAddress address;
    Record record;
  };

  // The record as memory has it, if its refill waits. `key`: its row's.
  std::optional<Record> Find(const Digest& key) const;
  std::vector<Row> All() const;
  void Put(const RowAddress& address, const Record& record, Time now);
  // The row's bucket cannot be read any more.
  void GiveUp(const Digest& key);
  // All that waited was written.
  void Written();
  // They could not be written now: not before `next` again, but with a batch that is anchored anyway.
  void Postpone(Time next);
  // When they are to be written, if no batch takes them along before: kLongest after the first of them, and
  // at once where kMost wait. nullopt where none does.
  std::optional<Time> due() const;

 private:
  mutable std::mutex mutex_;
  std::map<Digest, Row> rows_;  // by row key
  Time first_;                  // when the first of them came
  Time not_before_;
};

}  // namespace labrec::recovery
