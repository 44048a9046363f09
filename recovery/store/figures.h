#pragma once

#include <cstdint>

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

}  // namespace labrec::recovery
