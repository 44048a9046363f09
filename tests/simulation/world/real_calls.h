#pragma once

#include <dlfcn.h>

namespace labrec::sim {

// The function that a program would have called had the simulation not taken its name.
template <typename Function>
Function Real(const char* name, const char* version = nullptr) {
  void* found = version == nullptr ? nullptr : dlvsym(RTLD_NEXT, name, version);
  if (found == nullptr) found = dlsym(RTLD_NEXT, name);
  return reinterpret_cast<Function>(found);
}

}  // namespace labrec::sim
