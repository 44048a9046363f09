#pragma once

#include <cstddef>
#include <fstream>
#include <string>

#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Of the sanitizers' runtime; Debian's gcc ships it without its header.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace labrec::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kResidentMeansLittle = true;  // freed memory is kept for a while
#else
inline constexpr bool kResidentMeansLittle = false;
#endif

// Resident memory of a process, in bytes.
inline size_t ResidentBytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// How much memory this process holds; what is live where a sanitizer says it.
inline size_t HeldBytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  return ResidentBytes(getpid());
#endif
}

}  // namespace labrec::testing
