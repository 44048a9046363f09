#include "attestation/verify/realm_verifier.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "attestation/evidence/refusal.h"
#include "attestation/verify/chip_record_verifier.h"
#include "attestation/verify/pcr_quote.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pcr/pcr_approval.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::attestation {
namespace {

constexpr char kByAk[] =
    "the attestation key's signature over this exchange's nonce, the realm's id and its TLS key";
constexpr uint32_t kMadeHere =
    tpm::kObjectFixedTpm | tpm::kObjectFixedParent | tpm::kObjectSensitiveDataOrigin;

absl::Status WrongAttributes(const char* what) {
  return Refuse(
      RefusalReason::kKeyAttributes,
      absl::StrCat("the realm's ", what, " key is of another kind, or not made in the TPM and fixed to it"));
}

absl::Status CheckEvaluationArea(const tpm::TpmtPublic& area) {
  const bool kind = area.type == tpm::kAlgEcc && area.curve == tpm::kCurveP256 &&
                    area.Has(kMadeHere | tpm::kObjectDecrypt) &&
                    !area.HasAny(tpm::kObjectRestricted | tpm::kObjectSign);
  return kind ? absl::OkStatus() : WrongAttributes("evaluation");
}

absl::Status CheckDerivationArea(const tpm::TpmtPublic& area) {
  const bool kind = area.type == tpm::kAlgKeyedHash && area.scheme.algorithm == tpm::kAlgHmac &&
                    area.scheme.hash == tpm::kAlgSha256 && area.Has(kMadeHere | tpm::kObjectSign) &&
                    !area.HasAny(tpm::kObjectRestricted | tpm::kObjectDecrypt);
  return kind ? absl::OkStatus() : WrongAttributes("derivation");
}

absl::Status CheckApproval(const AttestPolicy& policy, const tpm::TpmtPublic& area, const char* what) {
  if (!policy.pcr_approver.has_value()) return absl::OkStatus();
  if (area.auth_policy == hsm::PcrApprovalPolicy(*policy.pcr_approver) &&
      !area.HasAny(tpm::kObjectUserWithAuth)) {
    return absl::OkStatus();
  }
  return Refuse(
      RefusalReason::kKeyPolicy,
      absl::StrCat("the realm's ", what, " key is not bound to PCRs that the policy file's approver signs"));
}

// The key's area, if a statement of the AK is about it.
absl::StatusOr<tpm::TpmtPublic> CertifiedArea(const RealmExpectation& expectation,
                                              const TpmIdentity& identity, ByteView area_bytes,
                                              const SignedStatement& statement, const char* what) {
  const std::string about = absl::StrCat("the statement about the realm's ", what, " key");
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic area, tpm::TpmtPublic::Parse(area_bytes));
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsAttest attest,
                          OpenStatement(identity.ak, statement, expectation.nonce, about));
  LABREC_RETURN_IF_ERROR(CheckCertifies(attest, area.Name(), about));
  LABREC_RETURN_IF_ERROR(CheckApproval(expectation.policy, area, what));
  return area;
}

Proof KeyProof(const tpm::TpmtPublic& area, const char* what, const AttestPolicy& policy) {
  std::string statement = absl::StrCat("the realm's ", what, " key (Name ", Hex(area.Name()),
                                       ") was made in that TPM and cannot leave it");
  if (policy.pcr_approver.has_value()) {
    absl::StrAppend(&statement, "; it works only while the PCRs are as the named approver signed");
  }
  return {statement, kByAk};
}

absl::Status CheckKeys(const RealmExpectation& expectation, const TpmIdentity& identity,
                       const RealmEvidence& evidence, Report& report) {
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic evaluation,
                          CertifiedArea(expectation, identity, evidence.evaluation_public,
                                        evidence.evaluation_certified, "evaluation"));
  LABREC_RETURN_IF_ERROR(CheckEvaluationArea(evaluation));
  LABREC_ASSIGN_OR_RETURN(const P256Point point, tpm::PointOf(evaluation));
  if (point != expectation.evaluation_key) {
    return Refuse(RefusalReason::kWrongKey,
                  "the certified evaluation key is not the one that the realm names");
  }
  report.push_back(KeyProof(evaluation, "evaluation", expectation.policy));
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic derivation,
                          CertifiedArea(expectation, identity, evidence.derivation_public,
                                        evidence.derivation_certified, "derivation"));
  LABREC_RETURN_IF_ERROR(CheckDerivationArea(derivation));
  report.push_back(KeyProof(derivation, "derivation", expectation.policy));
  return absl::OkStatus();
}

absl::Status CheckFirmware(const AttestPolicy& policy, const std::optional<uint64_t>& version,
                           Report& report) {
  if (version.has_value()) {
    report.push_back({absl::StrCat("the TPM's firmware is version ", FirmwareText(*version)), kByAk});
  }
  if (!policy.minimum_firmware.has_value()) return absl::OkStatus();
  if (!version.has_value()) {
    return Refuse(
        RefusalReason::kFirmware,
        "the firmware version cannot be told: the attestation key is not in the endorsement hierarchy");
  }
  if (*version < *policy.minimum_firmware) {
    return Refuse(RefusalReason::kFirmware, absl::StrCat("the TPM's firmware is ", FirmwareText(*version),
                                                         "; the policy file asks for at least ",
                                                         FirmwareText(*policy.minimum_firmware)));
  }
  return absl::OkStatus();
}

Proof PcrProof(const std::map<AttestPolicy::Pcr, Bytes>& quoted, const AttestPolicy& policy) {
  std::vector<std::string> indices;
  for (const auto& [pcr, value] : quoted) {
    if (policy.pcrs.count(pcr) > 0) indices.push_back(absl::StrCat(pcr.index));
  }
  return {indices.empty()
              ? "the TPM answered on this connection; the policy file asks for no PCR"
              : absl::StrCat("the PCRs ", absl::StrJoin(indices, ", "), " are as the policy file accepts"),
          kByAk};
}

// The firmware version, where it can be told.
absl::StatusOr<std::optional<uint64_t>> CheckQuote(const RealmExpectation& expectation,
                                                   const TpmIdentity& identity, const RealmEvidence& evidence,
                                                   Report& report) {
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsAttest attest,
                          OpenStatement(identity.ak, evidence.quote, expectation.nonce, "the quote"));
  const auto* quote = std::get_if<tpm::QuoteInfo>(&attest.attested);
  if (quote == nullptr) return Refuse(RefusalReason::kStatement, "the quote is a statement of another kind");
  const auto algorithm = tpm::HashAlgorithmOf(identity.ak.scheme.hash);
  LABREC_ASSIGN_OR_RETURN(const auto quoted, QuotedPcrs(*quote, evidence.pcr_values, *algorithm));
  LABREC_RETURN_IF_ERROR(CheckPcrs(expectation.policy, quoted));
  report.push_back(PcrProof(quoted, expectation.policy));
  std::optional<uint64_t> firmware;
  if (TellsFirmware(attest, identity)) firmware = attest.firmware_version;
  LABREC_RETURN_IF_ERROR(CheckFirmware(expectation.policy, firmware, report));
  return firmware;
}

}  // namespace

bool TellsFirmware(const tpm::TpmsAttest& attest, const TpmIdentity& identity) {
  const Bytes hierarchy = tpm::NameOfHandle(tpm::kRhEndorsement);
  return attest.qualified_signer == tpm::QualifiedName(identity.ak, hierarchy) ||
         attest.qualified_signer ==
             tpm::QualifiedName(identity.ak, tpm::QualifiedName(identity.ek, hierarchy));
}

absl::StatusOr<VerifiedRealm> VerifyRealm(const RealmExpectation& expectation, const AkChallenge& challenge,
                                          const RealmEvidence& evidence) {
  LABREC_ASSIGN_OR_RETURN(TpmIdentity identity,
                          CheckIdentity(evidence.identity, expectation.policy.trust, expectation.now_ms));
  LABREC_RETURN_IF_ERROR(CheckPinnedAk(expectation.pinned_ak_name, identity.ak));
  LABREC_RETURN_IF_ERROR(CheckActivated(challenge, evidence.activated, identity));
  Report report = identity.report;
  LABREC_RETURN_IF_ERROR(CheckKeys(expectation, identity, evidence, report));
  LABREC_ASSIGN_OR_RETURN(const std::optional<uint64_t> firmware,
                          CheckQuote(expectation, identity, evidence, report));
  return VerifiedRealm{std::move(identity), firmware, std::move(report)};
}

}  // namespace labrec::attestation
