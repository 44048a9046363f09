// A certificate as an EK certificate, as an intermediate one and as an anchor, with the EK that it names.

#include <cstdlib>

#include "attestation/verify/ek/certificate.h"
#include "attestation/verify/ek/chain.h"
#include "attestation/verify/ek/der.h"
#include "hsm/tpm_wire/public_key.h"
#include "tests/unit/attestation/captured.h"

namespace {

using namespace labrec::attestation;
namespace tpm = labrec::tpm;

void AsEk(labrec::ByteView der, const CapturedChip& captured) {
  IdentityEvidence identity = captured.Evidence().identity;
  const tpm::TpmtPublic ek = tpm::TpmtPublic::Parse(identity.ek_public).value();
  const labrec::Bytes good = identity.ek_certificate;
  identity.ek_certificate = labrec::ToBytes(der);
  const auto names = CheckEkChain(identity, ek, captured.expectation.trust, captured.expectation.now_ms);
  if (names.ok() && identity.ek_certificate != good) std::abort();
}

void AsAnchor(labrec::ByteView der, const CapturedChip& captured) {
  IdentityEvidence identity;
  identity.ek_certificate = labrec::ToBytes(der);
  EkTrust trust;
  trust.anchors = {identity.ek_certificate};
  const tpm::TpmtPublic ek = tpm::TpmtPublic::Parse(captured.Evidence().identity.ek_public).value();
  (void)CheckEkChain(identity, ek, trust, captured.expectation.now_ms).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const captured = new CapturedChip(CapturedChip::Load());
  const labrec::ByteView der(data, size);
  (void)ParseRevocationList(der).ok();
  const auto certificate = ParseCertificate(der);
  if (!certificate.ok()) return 0;
  (void)NamesIn(certificate->get());
  (void)CheckEkUsage(certificate->get()).ok();
  (void)OnlyKnownCriticalExtensions(certificate->get());
  (void)CertifiedKey(certificate->get()).ok();
  AsEk(der, *captured);
  AsAnchor(der, *captured);
  return 0;
}
