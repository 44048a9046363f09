#include "hsm/base/wipe_stack.h"

#include <cstddef>
#include <cstdint>

#include <openssl/crypto.h>

namespace labrec {
namespace {

constexpr size_t kDepth = 32 * 1024;

}  // namespace

// Not inlined: its frame has to lie where the frames of those calls lay.
[[gnu::noinline]] void WipeStack() {
  uint8_t frames[kDepth];
  OPENSSL_cleanse(frames, sizeof frames);
}

}  // namespace labrec
