#include "attestation/verify/ek/chain.h"

#include <openssl/x509.h>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "attestation/verify/ek/certificate.h"
#include "attestation/verify/ek/der.h"
#include "attestation/verify/ek/path.h"
#include "attestation/verify/ek/template.h"
#include "attestation/verify/ek/verify.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/public_key.h"

namespace labrec::attestation {
namespace {

absl::StatusOr<Digest> HashOf(const X509* certificate) {
  Digest hash{};
  if (X509_digest(certificate, EVP_sha256(), hash.data(), nullptr) != 1) {
    return absl::InternalError("OpenSSL: no memory");
  }
  return hash;
}

absl::StatusOr<std::vector<X509Ptr>> Parsed(const std::vector<Bytes>& certificates) {
  std::vector<X509Ptr> parsed;
  for (const Bytes& der : certificates) {
    LABREC_ASSIGN_OR_RETURN(X509Ptr certificate, ParseCertificate(der));
    parsed.push_back(std::move(certificate));
  }
  return parsed;
}

// The anchor that the certificate leads to.
absl::StatusOr<X509*> TrustedBy(X509* certificate, const std::vector<X509Ptr>& anchors,
                                const std::vector<X509Ptr>& sent_along, const EkTrust& trust,
                                int64_t now_ms) {
  absl::Status first =
      Untrusted(RefusalReason::kEndorsementChain,
                absl::StrCat("no signatures lead from it to a trusted certificate, by what was sent along",
                             trust.Skipped()),
                certificate);
  const std::vector<EkPath> paths = PathsToAnchors(certificate, anchors, sent_along);
  for (const EkPath& path : paths) {
    const absl::Status verified = VerifyPath(certificate, path, trust, now_ms);
    if (verified.ok()) return path.anchor;
    if (&path == &paths.front()) first = verified;
  }
  return first;
}

absl::Status CheckSameKey(const X509* certificate, const tpm::TpmtPublic& ek) {
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr certified, CertifiedKey(certificate));
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr shown, tpm::PublicKeyOf(ek));
  if (tpm::SameKey(certified.get(), shown.get())) return absl::OkStatus();
  return Refuse(RefusalReason::kEndorsementKey, "the endorsement key is not the one in its certificate");
}

}  // namespace

absl::StatusOr<EkCertificateNames> CheckEkChain(const IdentityEvidence& identity, const tpm::TpmtPublic& ek,
                                                const EkTrust& trust, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const X509Ptr certificate, ParseCertificate(identity.ek_certificate));
  LABREC_ASSIGN_OR_RETURN(const auto anchors, Parsed(trust.anchors));
  LABREC_ASSIGN_OR_RETURN(const auto sent_along, Parsed(identity.intermediates));
  LABREC_ASSIGN_OR_RETURN(const X509* anchor,
                          TrustedBy(certificate.get(), anchors, sent_along, trust, now_ms));
  LABREC_RETURN_IF_ERROR(CheckEkUsage(certificate.get()));
  LABREC_RETURN_IF_ERROR(CheckSameKey(certificate.get(), ek));
  if (EkTemplateOf(ek).empty()) {
    return Refuse(RefusalReason::kEndorsementKey,
                  "the endorsement key was not made from a template of TCG's EK Credential Profile");
  }
  EkCertificateNames names = NamesIn(certificate.get());
  names.trusted_by = Described(anchor);
  LABREC_ASSIGN_OR_RETURN(names.anchor_hash, HashOf(anchor));
  return names;
}

}  // namespace labrec::attestation
