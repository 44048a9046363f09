#include "attestation/produce/prover.h"

#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "attestation/verify/ek/der.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {
namespace {

constexpr uint16_t kCounterSize = 8;

SignedStatement ToStatement(hsm::SignedAttestation made) {
  return {std::move(made.attest), std::move(made.signature)};
}

constexpr size_t kMostIntermediates = 8;  // as the evidence's format has it

bool Issued(X509* issuer, X509* subject) {
  if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(subject)) != 0) return false;
  const bool signed_by = X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return signed_by;
}

// What a client wants beside an EK certificate: those of `candidates` that lead from it upwards, each the
// issuer (by name and signature) of the one before it, no self-signed one, at most eight. All are DER.
// INVALID_ARGUMENT if one is no certificate.
absl::StatusOr<std::vector<Bytes>> IssuersOf(ByteView certificate, const std::vector<Bytes>& candidates) {
  std::vector<X509Ptr> parsed;
  for (const Bytes& der : candidates) {
    LABREC_ASSIGN_OR_RETURN(X509Ptr candidate, ParseCertificate(der));
    parsed.push_back(std::move(candidate));
  }
  LABREC_ASSIGN_OR_RETURN(const X509Ptr leaf, ParseCertificate(certificate));
  std::vector<Bytes> issuers;
  X509* current = leaf.get();
  for (size_t i = 0; i < parsed.size() && issuers.size() < kMostIntermediates;) {
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

}  // namespace

absl::StatusOr<IdentityEvidence> Prover::Identity() {
  LABREC_ASSIGN_OR_RETURN(hsm::AttesterIdentity found, attester_.Identity());
  std::vector<Bytes> candidates = std::move(found.intermediates);
  candidates.insert(candidates.end(), options_.intermediates.begin(), options_.intermediates.end());
  IdentityEvidence identity;
  LABREC_ASSIGN_OR_RETURN(identity.intermediates, IssuersOf(found.ek_certificate, candidates));
  identity.ek_certificate = std::move(found.ek_certificate);
  identity.ek_public = std::move(found.ek_public);
  identity.ak_public = std::move(found.ak_public);
  return identity;
}

absl::StatusOr<SecretBytes> Prover::Activate(const tpm::CredentialBlob& challenge) {
  return attester_.Activate(challenge.id_object, challenge.encrypted_secret);
}

absl::Status Prover::AddIdentity(RealmEvidence& evidence) {
  LABREC_ASSIGN_OR_RETURN(evidence.identity, Identity());
  return absl::OkStatus();
}

// The secret is the client's, and good for this one answer, which carries it.
absl::Status Prover::AddActivated(RealmEvidence& evidence, const tpm::CredentialBlob& challenge) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes secret, Activate(challenge));
  evidence.activated = ToBytes(secret.view());
  return absl::OkStatus();
}

absl::Status Prover::AddKeys(RealmEvidence& evidence, const Digest& nonce) {
  LABREC_ASSIGN_OR_RETURN(hsm::CertifiedRealmKeys keys, attester_.CertifyRealmKeys(nonce));
  evidence.evaluation_public = std::move(keys.evaluation.public_area);
  evidence.evaluation_certified = ToStatement(std::move(keys.evaluation.statement));
  evidence.derivation_public = std::move(keys.derivation.public_area);
  evidence.derivation_certified = ToStatement(std::move(keys.derivation.statement));
  return absl::OkStatus();
}

absl::Status Prover::AddQuote(RealmEvidence& evidence, const Digest& nonce) {
  LABREC_ASSIGN_OR_RETURN(hsm::QuotedPcrs quoted, attester_.Quote(options_.pcrs, nonce));
  evidence.pcr_values = std::move(quoted.values);
  evidence.quote = ToStatement(std::move(quoted.quote));
  return absl::OkStatus();
}

absl::StatusOr<RecordKeyEvidence> Prover::RecordKey(const hsm::WrappedKey& key, ByteView index_public,
                                                    const Digest& nonce) {
  RecordKeyEvidence evidence;
  evidence.index_public = ToBytes(index_public);
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic area, tpm::TpmtPublic::ParseSized(key.public_area));
  evidence.key_public = area.Marshal();
  LABREC_ASSIGN_OR_RETURN(hsm::SignedAttestation statement, attester_.CertifyKey(key, nonce));
  evidence.key_certified = ToStatement(std::move(statement));
  return evidence;
}

absl::StatusOr<SignedStatement> Prover::IndexContents(uint32_t index, const Digest& nonce) {
  LABREC_ASSIGN_OR_RETURN(hsm::SignedAttestation statement,
                          attester_.CertifyIndex(index, kCounterSize, nonce));
  return ToStatement(std::move(statement));
}

}  // namespace labrec::attestation
