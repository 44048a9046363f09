#pragma once

#include <vector>

#include "recovery/engine/rows/working_set.h"

namespace labrec::recovery {

// What a batch changed in rows that something outside of the ledger has to follow.
struct CommittedChanges {
  std::vector<Bytes> erased_chip_keys;
  std::vector<Digest> erased_versions;  // ChallengeTable::VersionId
  std::vector<WorkingSet::BegunInChip> registrations;
};

// Whoever has to act once a batch is anchored. The commit thread calls, and waits: no call may block.
class AfterCommit {
 public:
  virtual ~AfterCommit() = default;
  // A batch is anchored and not answered yet: whoever hears the answer may ask for the room that it left.
  virtual void Anchored(const CommittedChanges& changes) = 0;
  // A batch was answered, or the devices are back: there is time for what nobody waits for.
  virtual void Answered() = 0;
};

}  // namespace labrec::recovery
