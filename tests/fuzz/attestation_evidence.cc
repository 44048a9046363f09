// Encoded evidence of every kind: what is taken is encoded again as it was.

#include <cstdlib>

#include "attestation/evidence/evidence.h"

namespace {

using labrec::ByteView;

template <typename Decoded>
void Check(const Decoded& decoded, ByteView bytes) {
  if (decoded.ok() && !labrec::SameBytes(labrec::attestation::Encode(*decoded), bytes)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec::attestation;
  const ByteView bytes(data, size);
  Check(DecodeIdentityEvidence(bytes), bytes);
  Check(DecodeRecordKeyEvidence(bytes), bytes);
  Check(DecodeRealmEvidence(bytes), bytes);
  Check(DecodeSignedStatement(bytes), bytes);
  Check(DecodeCredentialBlob(bytes), bytes);
  return 0;
}
