#include "recovery/engine/chip/follower.h"

#include <chrono>

namespace labrec::recovery {

void ChipFollower::Anchored(const CommittedChanges& changes) {
  chip_.indices().Erased(changes.erased_chip_keys);
  for (const WorkingSet::BegunInChip& each : changes.registrations) {
    registrations_.Note(each.name, each.version, std::chrono::steady_clock::now());
  }
}

}  // namespace labrec::recovery
