// Evidence of a chip-enforced record against what the client of the captured one knows: nothing is taken but
// the captured evidence itself, beside which unneeded certificates may stand, and nothing upsets the
// verifier.

#include <cstdlib>

#include "tests/unit/attestation/captured.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const captured =
      new labrec::attestation::CapturedChip(labrec::attestation::CapturedChip::Load());
  const labrec::ByteView bytes(data, size);
  if (captured->VerifyEncoded(bytes).ok() && !captured->IsIn(bytes)) std::abort();
  return 0;
}
