#include "recovery/client/chip/write.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/statement.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/index_write.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/random.h"

namespace labrec::recovery::client::core {

Digest ChipNonce(const Account& account, size_t realm, const std::string& record, uint32_t version,
                 ByteView nonce) {
  return attestation::RecordStatementNonce(
      {account[realm].id, account.tenant(), account.account(), record, version}, nonce);
}

Task<> WriteCounter(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                    tpm::Written before, uint32_t limit, attestation::Report& proven) {
  wire::BeginChipWriteRequest begin;
  begin.record = version.record;
  begin.version = version.version;
  LABREC_CO_ASSIGN_OR_RETURN(const wire::BeginChipWriteResponse begun,
                             co_await Call(scope, account, realm, std::move(begin)));
  const tpm::CountingIndexWrite write{version.index, before, {0, limit}};
  const auto signature = SignIndexWrite(*version.unlock_key, write, begun.nonce_tpm);
  if (!signature.ok()) co_return Unproven(account[realm], signature.status());
  const SecretBytes nonce = RandomSecret(account.host(), kNonceBytes);
  wire::FinishChipWriteRequest request;
  request.record = version.record;
  request.version = version.version;
  request.session = begun.session;
  request.limit = limit;
  request.signature = ToBytes(*signature);
  request.nonce = ToBytes(nonce.view());
  LABREC_CO_ASSIGN_OR_RETURN(const wire::FinishChipWriteResponse response,
                             co_await Call(scope, account, realm, std::move(request)));
  const auto statement = attestation::DecodeSignedStatement(response.contents);
  if (!statement.ok()) co_return Unproven(account[realm], statement.status());
  const absl::Status holds = CheckIndexContents(
      *version.ak,
      tpm::CountingIndexArea(version.index, version.unlock_key->public_key(), tpm::Written::kYes), *statement,
      ChipNonce(account, realm, version.record, version.version, nonce.view()), write.counter, proven);
  if (!holds.ok()) co_return Unproven(account[realm], holds);
  co_return absl::OkStatus();
}

}  // namespace labrec::recovery::client::core
