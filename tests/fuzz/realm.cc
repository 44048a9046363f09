// As chip_record.cc, for a realm that counts in its ledger.

#include <cstdlib>

#include "tests/unit/attestation/captured.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const captured =
      new labrec::attestation::CapturedRealm(labrec::attestation::CapturedRealm::Load());
  const labrec::ByteView bytes(data, size);
  if (captured->VerifyEncoded(bytes).ok() && !captured->IsIn(bytes)) std::abort();
  return 0;
}
