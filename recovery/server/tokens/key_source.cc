#include "recovery/server/tokens/key_source.h"

#include <atomic>

namespace labrec::recovery {

uint64_t KeySource::NewGeneration() {
  static std::atomic<uint64_t> latest = 0;
  return ++latest;
}

}  // namespace labrec::recovery
