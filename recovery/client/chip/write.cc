#include "recovery/client/chip/write.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/evidence/refusal.h"
#include "attestation/verify/statement.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/index_write.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/random.h"

namespace labrec::recovery::client::core {
namespace {

using tpm::PinCounter;
using tpm::Written;

Task<wire::BeginChipWriteResponse> BeginWrite(Scope& scope, Account& account, size_t realm,
                                              const ChipVersion& version, ByteView nonce) {
  wire::BeginChipWriteRequest begin;
  begin.record = version.record;
  begin.version = version.version;
  begin.nonce = ToBytes(nonce);
  return Call(scope, account, realm, std::move(begin));
}

// What the realm's chip says that the written index holds.
absl::StatusOr<PinCounter> Held(const Account& account, size_t realm, const ChipVersion& version,
                                const Bytes& contents, ByteView nonce) {
  const auto statement = attestation::DecodeSignedStatement(contents);
  if (!statement.ok()) return Unproven(account[realm], statement.status());
  const auto held = ReadIndexContents(
      *version.ak, tpm::CountingIndexArea(version.index, version.unlock_key->public_key(), Written::kYes),
      *statement, ChipNonce(account, realm, version.record, version.version, nonce));
  if (!held.ok()) return Unproven(account[realm], held.status());
  return *held;
}

// Signs the write for the session that was begun, has it made, and returns what the index holds then.
Task<PinCounter> Finish(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                        Written before, uint32_t limit, const wire::BeginChipWriteResponse& begun) {
  const tpm::CountingIndexWrite write{version.index, before, limit};
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
  co_return Held(account, realm, version, response.contents, nonce.view());
}

absl::Status NotWhatWasWritten(const Realm& realm, const PinCounter& held, uint32_t limit) {
  return Unproven(realm, attestation::Refuse(attestation::RefusalReason::kIndexContents,
                                             absl::StrCat("the index holds count ", held.count, " and limit ",
                                                          held.limit, " after a write of limit ", limit)));
}

}  // namespace

Digest ChipNonce(const Account& account, size_t realm, const std::string& record, uint32_t version,
                 ByteView nonce) {
  return attestation::RecordStatementNonce(
      {account[realm].id, account.tenant(), account.account(), record, version}, nonce);
}

Task<> WriteFirst(Scope& scope, Account& account, size_t realm, const ChipVersion& version, uint32_t limit,
                  attestation::Report& proven) {
  LABREC_CO_ASSIGN_OR_RETURN(const wire::BeginChipWriteResponse begun,
                             co_await BeginWrite(scope, account, realm, version, {}));
  LABREC_CO_ASSIGN_OR_RETURN(const PinCounter held,
                             co_await Finish(scope, account, realm, version, Written::kNo, limit, begun));
  if (held != PinCounter{0, limit}) co_return NotWhatWasWritten(account[realm], held, limit);
  proven.push_back({absl::StrCat("the TPM grants ", limit, " uses of the key to prove it, and no more"),
                    "the attestation key's signature over this exchange's nonce"});
  co_return absl::OkStatus();
}

Task<CounterWritten> WriteLimit(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                                LimitFor limit_for) {
  const SecretBytes nonce = RandomSecret(account.host(), kNonceBytes);
  LABREC_CO_ASSIGN_OR_RETURN(const wire::BeginChipWriteResponse begun,
                             co_await BeginWrite(scope, account, realm, version, nonce.view()));
  CounterWritten written;
  LABREC_CO_ASSIGN_OR_RETURN(written.before, Held(account, realm, version, begun.contents, nonce.view()));
  LABREC_CO_ASSIGN_OR_RETURN(const uint32_t limit, limit_for(written.before));
  LABREC_CO_ASSIGN_OR_RETURN(written.after,
                             co_await Finish(scope, account, realm, version, Written::kYes, limit, begun));
  if (written.after.limit != limit || written.after.count < written.before.count) {
    co_return NotWhatWasWritten(account[realm], written.after, limit);
  }
  co_return written;
}

}  // namespace labrec::recovery::client::core
