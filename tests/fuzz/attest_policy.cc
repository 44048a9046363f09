// A client's policy file. Paths are kept inside one folder: the parser would read what they name.

#include "attestation/verify/attest_policy.h"

#include <string_view>

#include "tests/support/checkout_paths.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find('/') != std::string::npos || text.find("..") != std::string::npos ||
      text.find('\\') != std::string::npos)
    return 0;
  (void)labrec::attestation::AttestPolicy::Parse(text, LABREC_SOURCE_DIR "/tests/fuzz/policy_folder").ok();
  return 0;
}
