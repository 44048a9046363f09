// The TPM's structures: the first byte chooses the parser, the rest is its input. What is taken is written
// again as it was.

#include <cstdlib>

#include "attestation/verify/signature.h"
#include "hsm/tpm_wire/tpms_attest.h"
#include "hsm/tpm_wire/tpms_nv_public.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "hsm/tpm_wire/tpmt_signature.h"

namespace labrec::attestation {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Public(ByteView bytes) {
  const auto area = tpm::TpmtPublic::Parse(bytes);
  if (!area.ok()) return;
  Require(SameBytes(area->Marshal(), bytes));
  (void)tpm::PointOf(*area).ok();
  const tpm::TpmtSignature signature{area->scheme.algorithm, tpm::HashAlgorithm::kSha256, Bytes(256, 1),
                                     Bytes(32, 1), Bytes(32, 1)};
  Require(!VerifySignature(*area, bytes, signature).ok());
}

void NvPublic(ByteView bytes) {
  const auto area = tpm::TpmsNvPublic::Parse(bytes);
  if (area.ok()) Require(SameBytes(area->Marshal(), bytes));
}

void Attest(ByteView bytes) {
  const auto attest = tpm::TpmsAttest::Parse(bytes);
  if (!attest.ok()) return;
  const auto* quote = std::get_if<tpm::QuoteInfo>(&attest->attested);
  if (quote != nullptr) Require(tpm::Marshal(quote->selection).size() >= 4);
}

}  // namespace
}  // namespace labrec::attestation

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec::attestation;
  if (size == 0) return 0;
  const labrec::ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      Public(bytes);
      break;
    case 1:
      NvPublic(bytes);
      break;
    case 2:
      Attest(bytes);
      break;
    default:
      (void)labrec::tpm::TpmtSignature::Parse(bytes).ok();
  }
  return 0;
}
