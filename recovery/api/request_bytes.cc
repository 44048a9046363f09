#include "recovery/api/request_bytes.h"

#include <cstdlib>

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

Writer Scoped(std::string_view label, const RequestScope& scope) {
  Writer writer;
  writer.Lp(label).Lp(scope.realm_id).Lp(scope.tenant).Lp(scope.account);
  return writer;
}

}  // namespace

std::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kEnrollDevice:
      return "enroll-device";
    case Operation::kRevokeDevice:
      return "revoke-device";
    case Operation::kBeginChipVersion:
      return "begin-chip-version";
    case Operation::kFinishRegistration:
      return "finish-registration";
    case Operation::kActivate:
      return "activate";
    case Operation::kDeleteRecord:
      return "delete-record";
    case Operation::kRaiseFloor:
      return "raise-floor";
    case Operation::kGetFloor:
      return "get-floor";
  }
  std::abort();
}

Bytes UnlockBytes(const RequestScope& scope, std::string_view record, uint32_t version, ByteView challenge) {
  return std::move(Scoped(kUnlockLabel, scope).Lp(record).U32(version).Raw(challenge)).Take();
}

Bytes RequestBytes(const RequestScope& scope, Operation operation, ByteView challenge, ByteView body) {
  return std::move(Scoped(kRequestLabel, scope).Lp(OperationName(operation)).Lp(challenge).Raw(Sha256(body)))
      .Take();
}

Bytes EnrollDeviceBody(ByteView spki, std::string_view name) {
  return std::move(Writer().Lp(spki).Lp(name)).Take();
}

Bytes RevokeDeviceBody(ByteView device_id) {
  return std::move(Writer().Lp(device_id)).Take();
}

Bytes BeginChipBody(std::string_view record, uint32_t version, ByteView unlock_spki, uint32_t guess_limit,
                    ByteView nonce) {
  return std::move(Writer().Lp(record).U32(version).Lp(unlock_spki).U32(guess_limit).Lp(nonce)).Take();
}

Bytes FinishRegistrationBody(const RegistrationParts& parts) {
  return std::move(Writer()
                       .Lp(parts.record)
                       .U32(parts.version)
                       .Lp(parts.registration_id)
                       .Raw(Sha256(parts.config))
                       .Lp(parts.commitment)
                       .Lp(parts.unlock_spki)
                       .Raw(Sha256(parts.sealed_secret)))
      .Take();
}

Bytes ActivateBody(std::string_view record, uint32_t version) {
  return std::move(Writer().Lp(record).U32(version)).Take();
}

Bytes RecordBody(std::string_view record) {
  return std::move(Writer().Lp(record)).Take();
}

Bytes RaiseFloorBody(std::string_view record, uint64_t sequence, ByteView digest) {
  return std::move(Writer().Lp(record).U64(sequence).Lp(digest)).Take();
}

}  // namespace labrec::recovery
