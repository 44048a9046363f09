#pragma once

#include <cstddef>

namespace labrec::recoveryd {

// Lets this process open as many files and connections as it is allowed to (RLIMIT_NOFILE, soft to hard).
void RaiseFileLimit();

// `wanted` connections, or as many as there are descriptors for beside those that the realm itself needs;
// says so in the log if that is fewer.
size_t ConnectionsThatFit(size_t wanted);

// From here on this thread, and every one that it starts, gives way to those that were started before. A
// security device does one thing at a time and must not wait for a processor: the threads that feed it go
// first, and those that read requests fill what is left.
void GiveWayToEarlierThreads();

// gRPC takes its locks through Abseil, which looks for deadlocks at every one of them where the
// distribution built it without NDEBUG. That search is for its developers.
void SkipDeadlockSearch();

// glibc keeps what was freed. After a crowd of connections has left, that is hundreds of MiB: given back
// then.
class MemoryReturn {
 public:
  // `open` connections there are now.
  void Look(size_t open);

 private:
  size_t most_ = 0;  // since memory was given back
};

}  // namespace labrec::recoveryd
