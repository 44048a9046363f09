#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/engine/call/limits.h"
#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// A chip-enforced version that this run began and nobody has finished.
struct OpenRegistration {
  RecordName name;
  ChipVersion version;
};

// Those that are open: each holds an index, of which a chip has few, and who began it may never come back.
// They are told apart by the rows, not by calls: whatever is finished, replaced or erased is closed once its
// commit is anchored (Note). Any thread.
class OpenRegistrations {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit OpenRegistrations(ChipRegistrationLimits limits) : limits_(limits) {}

  // Before one more is begun: takes a place for it, and tells which others are to be given up first. These
  // are the record's own, all that are older than kept_for, and the account's oldest if it has too many. Each
  // is told to one caller only. RESOURCE_EXHAUSTED, with the time to come back as payload "retry-after-ms":
  // too many younger ones are open. After OK, Leave is called once.
  absl::StatusOr<std::vector<OpenRegistration>> Enter(const RecordName& name, Time now);
  // It was begun (Note said so before), or it failed.
  void Leave(const RecordName& name);

  // What the record's row has begun in the chip, as anchored.
  void Note(const RecordName& name, std::optional<ChipVersion> begun, Time now);
  // It was not given up: it may be asked of the next caller.
  void Spare(const RecordName& name);

  size_t count() const;
  const ChipRegistrationLimits& limits() const { return limits_; }

 private:
  struct Entry {
    RecordName name;
    int entering = 0;  // calls between Enter and Leave
    std::optional<ChipVersion> begun;
    Time since;
    bool giving_way = false;
  };
  using Entries = std::map<Digest, Entry>;  // by row key

  void GiveWay(Entry& entry, std::vector<OpenRegistration>& given_up);
  absl::Status BoundAccount(const Entry& own, std::vector<OpenRegistration>& given_up);
  absl::Status BoundAll(const Entry& own, Time now) const;
  void EraseIfEmpty(Entries::iterator entry);

  const ChipRegistrationLimits limits_;
  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace labrec::recovery
