#include "attestation/verify/statement.h"

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "attestation/verify/signature.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/tpmt_signature.h"

namespace labrec::attestation {
namespace {

constexpr size_t kNonceSize = 32;

absl::Status About(std::string_view what, const absl::Status& status) {
  const std::string words = absl::StrCat(AbslView(what), ": ", status.message());
  if (absl::IsInvalidArgument(status)) return absl::InvalidArgumentError(words);
  return Refuse(ReasonOf(status), words);
}

}  // namespace

absl::StatusOr<tpm::TpmsAttest> OpenStatement(const tpm::TpmtPublic& ak, const SignedStatement& statement,
                                              ByteView nonce, std::string_view what) {
  const auto signature = tpm::TpmtSignature::Parse(statement.signature);
  if (!signature.ok()) return About(what, signature.status());
  if (absl::Status verified = VerifySignature(ak, statement.attest, *signature); !verified.ok()) {
    return About(what, verified);
  }
  auto attest = tpm::TpmsAttest::Parse(statement.attest);
  if (!attest.ok()) return About(what, attest.status());
  if (!SameBytes(attest->extra_data, nonce)) {
    return About(what,
                 Refuse(RefusalReason::kStale,
                        "the statement was made for another exchange: it does not carry this one's nonce"));
  }
  return attest;
}

absl::Status CheckCertifies(const tpm::TpmsAttest& attest, ByteView name, std::string_view what) {
  const auto* creation = std::get_if<tpm::CreationInfo>(&attest.attested);
  const auto* certify = std::get_if<tpm::CertifyInfo>(&attest.attested);
  if (creation != nullptr && SameBytes(creation->object_name, name)) return absl::OkStatus();
  if (certify != nullptr && SameBytes(certify->name, name)) return absl::OkStatus();
  if (creation == nullptr && certify == nullptr) {
    return About(what,
                 Refuse(RefusalReason::kStatement, "the statement is of another kind than one about a key"));
  }
  return About(what, Refuse(RefusalReason::kStatement, "the statement is about another key"));
}

Digest RecordStatementNonce(const RecordName& record, ByteView nonce) {
  if (nonce.size() != kNonceSize) std::abort();
  return Sha256(Writer()
                    .Lp("labyrinth-recovery/v1/attest/record")
                    .Lp(record.realm_id)
                    .Lp(record.tenant)
                    .Lp(record.account)
                    .Lp(record.record)
                    .U32(record.version)
                    .Raw(nonce)
                    .bytes());
}

Digest RealmStatementNonce(ByteView realm_id, const Digest& tls_key_hash, ByteView nonce) {
  if (nonce.size() != kNonceSize) std::abort();
  return Sha256(
      Writer().Lp("labyrinth-recovery/v1/attest/realm").Lp(realm_id).Raw(tls_key_hash).Raw(nonce).bytes());
}

}  // namespace labrec::attestation
