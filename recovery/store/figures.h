#pragma once

#include <cstdint>
#include <string>

namespace labrec::recovery {

// How a store on a server does, for the operator. What is of its standbys was asked a second ago, or when the
// store was idle last.
struct StorageFigures {
  uint64_t commits = 0;             // batches that were written and are where they were promised
  double commit_seconds = 0;        // that they took altogether, with the server's own wait for its standbys
  double replica_wait_seconds = 0;  // of that, after COMMIT, until so many standbys had them
  bool connected = false;
  uint32_t standbys = 0;     // of those named, how many follow the server
  uint64_t lag_bytes = 0;    // of its log, that the one furthest behind has not flushed
  double flush_seconds = 0;  // that standbys took lately until they had flushed; 0 where nothing was written
};

// How the realm's period keys are (recovery/store/sealed), for the operator.
struct SealingFigures {
  uint64_t period = 0;          // number of the current key; 0: nothing is sealed
  int64_t since_ms = 0;         // when it was made
  uint64_t earlier_period = 0;  // of the key before it, which is there still; 0: it is destroyed
  uint64_t buckets_done = 0;    // of a rotation under way
  uint64_t buckets = 0;         // that it goes through; 0: none is under way
  uint64_t rotations = 0;       // that this process did
  uint64_t rotations_failed = 0;
  std::string failure;         // why the latest one did; empty: it did not
  uint64_t device_writes = 0;  // of this process for period keys
};

}  // namespace labrec::recovery
