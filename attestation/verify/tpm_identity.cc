#include "attestation/verify/tpm_identity.h"

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "attestation/verify/ek/template.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::attestation {
namespace {

constexpr size_t kCredentialSize = 32;

absl::StatusOr<tpm::TpmtPublic> ParseArea(ByteView bytes, const char* what) {
  absl::StatusOr<tpm::TpmtPublic> area = tpm::TpmtPublic::Parse(bytes);
  if (area.ok()) return area;
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", area.status().message()));
}

Proof ChainProof(const TpmIdentity& identity) {
  const EkCertificateNames& names = identity.names;
  std::string tpm = "a TPM";
  if (!names.manufacturer.empty()) absl::StrAppend(&tpm, " of manufacturer ", names.manufacturer);
  if (!names.model.empty()) absl::StrAppend(&tpm, ", model ", names.model);
  if (!names.version.empty()) absl::StrAppend(&tpm, ", version ", names.version);
  return {absl::StrCat("the endorsement key (template ", AbslView(EkTemplateOf(identity.ek)), ", Name ",
                       Hex(identity.ek.Name()), ") is in ", tpm),
          absl::StrCat("its certificate, which leads to the trusted ", names.trusted_by, " (SHA-256 ",
                       Hex(names.anchor_hash), ")")};
}

bool HasSigningScheme(const tpm::TpmtPublic& area) {
  if (!tpm::HashAlgorithmOf(area.scheme.hash).has_value()) return false;
  if (area.type == tpm::kAlgEcc) return area.scheme.algorithm == tpm::kAlgEcdsa;
  return area.type == tpm::kAlgRsa && area.key_bits >= 2048 &&
         (area.scheme.algorithm == tpm::kAlgRsaSsa || area.scheme.algorithm == tpm::kAlgRsaPss);
}

}  // namespace

absl::Status CheckAttestationKey(const tpm::TpmtPublic& area) {
  constexpr uint32_t kNeeded = tpm::kObjectFixedTpm | tpm::kObjectFixedParent |
                               tpm::kObjectSensitiveDataOrigin | tpm::kObjectRestricted | tpm::kObjectSign;
  if (!area.Has(kNeeded) || area.HasAny(tpm::kObjectDecrypt | tpm::kObjectX509Sign)) {
    return Refuse(
        RefusalReason::kAttestationKey,
        "the attestation key must be a restricted signing key, made in its TPM and fixed to it; its "
        "attributes are others");
  }
  if (!HasSigningScheme(area)) {
    return Refuse(
        RefusalReason::kAttestationKey,
        "the attestation key must sign by ECDSA, or by RSA of at least 2048 bits, with SHA-256 or more");
  }
  return absl::OkStatus();
}

absl::StatusOr<TpmIdentity> CheckIdentity(const IdentityEvidence& evidence, const EkTrust& trust,
                                          int64_t now_ms) {
  TpmIdentity identity;
  LABREC_ASSIGN_OR_RETURN(identity.ek, ParseArea(evidence.ek_public, "the endorsement key"));
  LABREC_ASSIGN_OR_RETURN(identity.ak, ParseArea(evidence.ak_public, "the attestation key"));
  LABREC_ASSIGN_OR_RETURN(identity.names, CheckEkChain(evidence, identity.ek, trust, now_ms));
  identity.report.push_back(ChainProof(identity));
  LABREC_RETURN_IF_ERROR(CheckAttestationKey(identity.ak));
  return identity;
}

absl::StatusOr<AkChallenge> ChallengeAk(const TpmIdentity& identity, const RandomSource& random) {
  AkChallenge challenge;
  challenge.credential = RandomSecret(random, kCredentialSize);
  challenge.ek_name = identity.ek.Name();
  challenge.ak_name = identity.ak.Name();
  LABREC_ASSIGN_OR_RETURN(challenge.blob,
                          tpm::MakeCredential(identity.ek, challenge.ak_name, challenge.credential, random));
  return challenge;
}

absl::Status CheckActivated(const AkChallenge& challenge, ByteView activated, TpmIdentity& identity) {
  if (challenge.ek_name != identity.ek.Name() || challenge.ak_name != identity.ak.Name()) {
    return Refuse(RefusalReason::kAttestationKeyBound,
                  "the challenge was made for another endorsement or attestation key than is shown now");
  }
  if (challenge.credential.empty() || !challenge.credential.Equals(activated)) {
    return Refuse(RefusalReason::kAttestationKeyBound,
                  "the realm did not open the challenge: its attestation key is not in the TPM with that "
                  "endorsement key");
  }
  identity.report.push_back(
      {absl::StrCat(
           "the attestation key (Name ", Hex(identity.ak.Name()),
           ") is in that same TPM, was made in it, cannot leave it and signs only what the TPM itself says"),
       "this exchange's challenge, which only that endorsement key opens, and only beside that attestation "
       "key"});
  return absl::OkStatus();
}

}  // namespace labrec::attestation
