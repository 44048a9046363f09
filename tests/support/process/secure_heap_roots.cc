#include "tests/support/process/secure_heap_roots.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <sanitizer/lsan_interface.h>

#include "hsm/base/secret_bytes.h"

namespace labrec::test {

void LookThroughSecureHeap() {
  static const auto* const held = new SecretBytes(SecretBytes::Random(1));
  const auto inside = reinterpret_cast<unsigned long>(held->view().data());
  std::ifstream mappings("/proc/self/maps");
  for (std::string line; std::getline(mappings, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2 || inside < begin || inside >= end) continue;
    __lsan_register_root_region(reinterpret_cast<const void*>(begin), end - begin);
    return;
  }
  std::abort();
}

}  // namespace labrec::test
