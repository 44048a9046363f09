#include "attestation/verify/chip_record_verifier.h"

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::attestation {
namespace {

constexpr char kByAkOverNonce[] = "the attestation key's signature over this exchange's nonce";

// The differences, in words, of `shown` from the index that the client builds.
std::string DifferenceOf(const tpm::TpmsNvPublic& shown, const tpm::TpmsNvPublic& expected) {
  if (shown.auth_policy != expected.auth_policy)
    return "it may be written by others than this client's unlock key";
  if (shown.Type() != expected.Type()) return "it does not count authorisations (its type is not PIN_PASS)";
  if (!((shown.attributes & tpm::kNvNoDa) != 0)) return "it lacks NO_DA, so that it can lock the whole chip";
  if (shown.attributes != expected.attributes) {
    return absl::StrCat("its attributes are 0x", absl::Hex(shown.attributes), " instead of 0x",
                        absl::Hex(expected.attributes));
  }
  return "its size or Name algorithm is another";
}

absl::StatusOr<tpm::TpmsNvPublic> CheckIndex(const RecordKeyEvidence& evidence,
                                             const EcdsaPublicKey& unlock_key) {
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsNvPublic shown, tpm::TpmsNvPublic::Parse(evidence.index_public));
  const tpm::TpmsNvPublic expected = tpm::CountingIndexArea(shown.index, unlock_key, tpm::Written::kNo);
  if (shown != expected) {
    return Refuse(RefusalReason::kIndex,
                  absl::StrCat("the chip's index is not one that counts this record's guesses: ",
                               DifferenceOf(shown, expected)));
  }
  return tpm::CountingIndexArea(shown.index, unlock_key, tpm::Written::kYes);
}

void ReportKey(const tpm::TpmtPublic& key, const tpm::TpmsNvPublic& index, Report& report) {
  report.push_back({absl::StrCat("the record's evaluation key (Name ", Hex(key.Name()),
                                 ") was made in that TPM and cannot leave it"),
                    kByAkOverNonce});
  report.push_back(
      {absl::StrCat("each evaluation costs one count of the TPM's index 0x", absl::Hex(index.index),
                    ", whoever asks, and only this client's unlock key can let the count be set back"),
       "the policies inside the key's certified Name, which this client rebuilt from its own key"});
}

}  // namespace

absl::Status CheckRecordKey(const tpm::TpmtPublic& key, const tpm::TpmsNvPublic& written_index) {
  if (key.attributes != tpm::CountedKeyAttributes()) {
    return Refuse(
        RefusalReason::kKeyAttributes,
        "the record's key must be made in the TPM, fixed to it, exempt from its lockout and usable by "
        "policy alone; its attributes are others");
  }
  if (key.auth_policy != tpm::CountedKeyPolicy(written_index)) {
    return Refuse(
        RefusalReason::kKeyPolicy,
        "the policy of the record's key is not the one that makes each evaluation cost a count of the "
        "index under this client's unlock key");
  }
  tpm::TpmtPublic expected;
  expected.type = tpm::kAlgEcc;
  expected.attributes = tpm::CountedKeyAttributes();
  expected.auth_policy = tpm::CountedKeyPolicy(written_index);
  expected.scheme = {tpm::kAlgEcdh, tpm::kAlgSha256};
  expected.curve = tpm::kCurveP256;
  expected.x = key.x;
  expected.y = key.y;
  if (key != expected || !tpm::PointOf(key).ok()) {
    return Refuse(RefusalReason::kKeyAttributes, "the record's key is not a P-256 key for ECDH with SHA-256");
  }
  return absl::OkStatus();
}

absl::StatusOr<CertifiedRecordKey> CheckRecordKeyEvidence(const tpm::TpmtPublic& ak,
                                                          const RecordKeyEvidence& evidence,
                                                          const EcdsaPublicKey& unlock_key,
                                                          const Digest& nonce, Report& report) {
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsNvPublic index, CheckIndex(evidence, unlock_key));
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmtPublic key, tpm::TpmtPublic::Parse(evidence.key_public));
  LABREC_RETURN_IF_ERROR(CheckRecordKey(key, index));
  LABREC_ASSIGN_OR_RETURN(
      const tpm::TpmsAttest attest,
      OpenStatement(ak, evidence.key_certified, nonce, "the statement about the record's key"));
  LABREC_RETURN_IF_ERROR(CheckCertifies(attest, key.Name(), "the statement about the record's key"));
  LABREC_ASSIGN_OR_RETURN(const P256Point point, tpm::PointOf(key));
  ReportKey(key, index, report);
  return CertifiedRecordKey{point, index};
}

absl::StatusOr<tpm::PinCounter> ReadIndexContents(const tpm::TpmtPublic& ak,
                                                  const tpm::TpmsNvPublic& written_index,
                                                  const SignedStatement& statement, const Digest& nonce) {
  LABREC_ASSIGN_OR_RETURN(const tpm::TpmsAttest attest,
                          OpenStatement(ak, statement, nonce, "the statement about the index"));
  const auto* info = std::get_if<tpm::NvCertifyInfo>(&attest.attested);
  if (info == nullptr || info->index_name != written_index.Name()) {
    return Refuse(RefusalReason::kStatement,
                  "the statement is not about the contents of this record's index");
  }
  Reader contents(info->contents);
  tpm::PinCounter held;
  held.count = contents.U32();
  held.limit = contents.U32();
  if (info->offset == 0 && contents.AtEnd()) return held;
  return Refuse(RefusalReason::kIndexContents,
                absl::StrCat("the statement shows ", Hex(info->contents), " at offset ", info->offset,
                             ", which is not all of the index"));
}

absl::Status CheckIndexContents(const tpm::TpmtPublic& ak, const tpm::TpmsNvPublic& written_index,
                                const SignedStatement& statement, const Digest& nonce,
                                const tpm::PinCounter& expected, Report& report) {
  LABREC_ASSIGN_OR_RETURN(const tpm::PinCounter held, ReadIndexContents(ak, written_index, statement, nonce));
  if (held != expected) {
    return Refuse(RefusalReason::kIndexContents,
                  absl::StrCat("the index holds count ", held.count, " and limit ", held.limit,
                               "; it must hold ", expected.count, " and ", expected.limit));
  }
  report.push_back({absl::StrCat("the TPM has counted ", expected.count,
                                 " uses, and lets them become at most ", expected.limit),
                    kByAkOverNonce});
  return absl::OkStatus();
}

absl::Status CheckPinnedAk(const std::optional<Bytes>& pinned_ak_name, const tpm::TpmtPublic& ak) {
  if (!pinned_ak_name.has_value() || *pinned_ak_name == ak.Name()) return absl::OkStatus();
  return Refuse(RefusalReason::kAttestationKey,
                "the realm shows another attestation key than this client knows it by");
}

}  // namespace labrec::attestation
