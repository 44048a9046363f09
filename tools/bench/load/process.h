#pragma once

#include <cstddef>

#include <sys/types.h>

namespace labrec::bench {

// Files that this process may have open: as many as it is allowed to.
size_t RaiseFileLimit();

// The processor time that a process has used, over all its threads; 0 if /proc does not say.
double CpuSecondsOf(pid_t process);

}  // namespace labrec::bench
