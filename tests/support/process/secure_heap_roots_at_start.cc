#include "tests/support/process/secure_heap_roots.h"

namespace {

// Every test program under LeakSanitizer has this source.
[[maybe_unused]] const bool looked_through = [] {
  labrec::test::LookThroughSecureHeap();
  return true;
}();

}  // namespace
