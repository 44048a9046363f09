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

// The open registrations. Each holds an index, and a chip has few. Whoever began one may never come back. The
// rows say which are open, not the calls: Note closes what is finished, replaced or erased, once its commit
// is anchored. Any thread.
class OpenRegistrations {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit OpenRegistrations(ChipRegistrationLimits limits) : limits_(limits) {}

  // Takes a place for one more, and tells which others are to be given up first. These are the record's own,
  // all that are older than kept_for, and the account's oldest if it has too many. Each is told to one caller
  // only. RESOURCE_EXHAUSTED: too many younger ones are open; the payload "retry-after-ms" says when to come
  // back. After OK the caller calls Leave once.
  absl::StatusOr<std::vector<OpenRegistration>> Enter(const RecordName& name, Time now);
  // The registration was begun, and Note said so before; or it failed.
  void Leave(const RecordName& name);

  // What the record's row has begun in the chip, as anchored.
  void Note(const RecordName& name, std::optional<ChipVersion> begun, Time now);
  // The registration was not given up. The next caller may be told to do so.
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
