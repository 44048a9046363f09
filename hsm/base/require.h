#pragma once

#include <cstdlib>

namespace labrec {

// Ends the process unless `ok`: for calls of a library that fail only where memory is out or the library is
// broken.
inline void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace labrec
