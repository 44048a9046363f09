#include "recovery/client/chip/write.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/statement.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/index_write.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

absl::StatusOr<v1::BeginChipWriteResponse> Begin(RealmChannel& realm, const ChipVersion& version,
                                                 Cancellation& cancellation) {
  v1::BeginChipWriteRequest request;
  request.set_record(version.record);
  request.set_version(version.version);
  return realm.Call(request, cancellation);
}

}  // namespace

Digest ChipNonce(const RealmSet& realms, size_t realm, const std::string& record, uint32_t version,
                 ByteView nonce) {
  return attestation::RecordStatementNonce(
      {ToBytes(realms[realm].id()), realms.tenant(), realms.account(), record, version}, nonce);
}

absl::Status WriteCounter(const RealmSet& realms, size_t realm, const ChipVersion& version,
                          tpm::Written before, uint32_t limit, attestation::Report& proven,
                          Cancellation& cancellation) {
  RealmChannel& channel = realms[realm];
  LABREC_ASSIGN_OR_RETURN(const v1::BeginChipWriteResponse begun, Begin(channel, version, cancellation));
  const tpm::CountingIndexWrite write{version.index, before, {0, limit}};
  const auto signature = SignIndexWrite(*version.unlock_key, write, AsBytes(begun.nonce_tpm()));
  if (!signature.ok()) return Unproven(channel, signature.status());
  const SecretBytes nonce = SecretBytes::Random(kNonceBytes);
  v1::FinishChipWriteRequest request;
  request.set_record(version.record);
  request.set_version(version.version);
  request.set_session(begun.session());
  request.set_limit(limit);
  request.set_signature(ToString(*signature));
  request.set_nonce(ToString(nonce.view()));
  LABREC_ASSIGN_OR_RETURN(const v1::FinishChipWriteResponse response, channel.Call(request, cancellation));
  const auto statement = attestation::DecodeSignedStatement(AsBytes(response.contents()));
  if (!statement.ok()) return Unproven(channel, statement.status());
  const absl::Status holds = CheckIndexContents(
      *version.ak,
      tpm::CountingIndexArea(version.index, version.unlock_key->public_key(), tpm::Written::kYes), *statement,
      ChipNonce(realms, realm, version.record, version.version, nonce.view()), write.counter, proven);
  return holds.ok() ? holds : Unproven(channel, holds);
}

}  // namespace labrec::recovery::client
