#include "attestation/produce/ek_chain_order.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "attestation/verify/ek/der.h"
#include "hsm/base/status_macros.h"

namespace labrec::attestation {
namespace {

constexpr size_t kMost = 8;  // as the evidence's format has it

bool Issued(X509* issuer, X509* subject) {
  if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(subject)) != 0) return false;
  const bool signed_by = X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return signed_by;
}

}  // namespace

absl::StatusOr<std::vector<Bytes>> IssuersOf(ByteView certificate, const std::vector<Bytes>& candidates) {
  std::vector<X509Ptr> parsed;
  for (const Bytes& der : candidates) {
    LABREC_ASSIGN_OR_RETURN(X509Ptr candidate, ParseCertificate(der));
    parsed.push_back(std::move(candidate));
  }
  LABREC_ASSIGN_OR_RETURN(const X509Ptr leaf, ParseCertificate(certificate));
  std::vector<Bytes> issuers;
  X509* current = leaf.get();
  for (size_t i = 0; i < parsed.size() && issuers.size() < kMost;) {
    X509* const candidate = parsed[i].get();
    const bool next = candidate != nullptr && !Issued(candidate, candidate) && Issued(candidate, current);
    if (!next) {
      ++i;
      continue;
    }
    issuers.push_back(candidates[i]);
    current = candidate;
    i = 0;
    if (issuers.size() == parsed.size()) break;  // a loop of issuers
  }
  return issuers;
}

}  // namespace labrec::attestation
