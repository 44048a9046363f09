#include "recovery/engine/call/authorizer.h"

#include <chrono>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/rows/rows.h"

namespace labrec::recovery {
namespace {

absl::Status WrongSignature() {
  return InOwnWords(absl::PermissionDeniedError("the signature is not good for this request"));
}

RequestScope ScopeOf(const Bytes& realm_id, const Caller& caller) {
  return {realm_id, caller.tenant, caller.account};
}

}  // namespace

absl::StatusOr<ChallengeTable::Used> Authorizer::UseUp(const ChallengeScope& scope, ByteView challenge) {
  auto used = challenges_.Consume(scope, challenge, std::chrono::steady_clock::now());
  if (used) return *std::move(used);
  return InOwnWords(absl::PermissionDeniedError(
      "the challenge is unknown, used, older than 60 seconds or was made for something else: ask for a new "
      "one"));
}

absl::StatusOr<Authority> Authorizer::Check(const Caller& caller, Operation operation, ByteView body,
                                            const RawSignature& signature) {
  LABREC_RETURN_IF_ERROR(UseUp({caller.tenant, caller.account}, signature.challenge).status());
  const Bytes message = RequestBytes(ScopeOf(realm_id_, caller), operation, signature.challenge, body);
  return CheckSigner(caller, message, signature);
}

absl::StatusOr<Authority> Authorizer::CheckOrOperator(const Caller& caller, Operation operation,
                                                      ByteView body,
                                                      const std::optional<RawSignature>& signature) {
  if (signature) return Check(caller, operation, body, *signature);
  if (caller.is_operator) return Authority{ByOperator{}};
  return InOwnWords(absl::PermissionDeniedError("the request needs a signature, and has none"));
}

absl::StatusOr<Authority> Authorizer::CheckEnrollment(const Caller& caller, const NewDevice& device,
                                                      const std::optional<RawSignature>& authorization) {
  if (authorization && !SameBytes(authorization->challenge, device.challenge)) {
    return InOwnWords(absl::InvalidArgumentError("proof and authorization must sign the same challenge"));
  }
  LABREC_RETURN_IF_ERROR(UseUp({caller.tenant, caller.account}, device.challenge).status());
  const Bytes message = RequestBytes(ScopeOf(realm_id_, caller), Operation::kEnrollDevice, device.challenge,
                                     EnrollDeviceBody(device.key.Spki(), device.name));
  if (!device.key.Verify(message, device.proof)) {
    return InOwnWords(
        absl::PermissionDeniedError("the proof is not a signature of the key that is to be enrolled"));
  }
  if (!authorization) return Authority{ByTokenHolder{}};
  return CheckSigner(caller, message, *authorization);
}

absl::StatusOr<Authority> Authorizer::CheckSigner(const Caller& caller, ByteView message,
                                                  const RawSignature& signature) {
  if (const auto* device = std::get_if<DeviceId>(&signature.signer)) {
    return CheckDevice(caller, *device, message, signature.signature);
  }
  const auto& [record, version] = std::get<std::pair<std::string, uint32_t>>(signature.signer);
  return CheckUnlockKey(caller, record, version, message, signature.signature);
}

absl::StatusOr<Authority> Authorizer::CheckDevice(const Caller& caller, const DeviceId& id, ByteView message,
                                                  ByteView signature) {
  LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(ledger_, caller.tenant, caller.account));
  const EnrolledDevice* device = account ? account->Find(id) : nullptr;
  if (device == nullptr)
    return InOwnWords(absl::PermissionDeniedError("the signing device is not enrolled in this account"));
  const auto verified = VerifiedSignature::Check(device->key, message, signature);
  if (!verified) return WrongSignature();
  return Authority{ByDevice{id, *verified}};
}

absl::StatusOr<Authority> Authorizer::CheckUnlockKey(const Caller& caller, const std::string& record,
                                                     uint32_t version, ByteView message, ByteView signature) {
  if (!IsRecordName(record))
    return InOwnWords(absl::InvalidArgumentError("the signer's record name is malformed"));
  LABREC_ASSIGN_OR_RETURN(const auto row, ReadRecord(ledger_, {caller.tenant, caller.account, record}));
  const RecordVersion* signer = row ? row->Find(version) : nullptr;
  if (signer == nullptr || !signer->usable()) {
    return InOwnWords(absl::PermissionDeniedError("the signing unlock key's version is not usable here"));
  }
  const auto verified = VerifiedSignature::Check(*signer->unlock_key, message, signature);
  if (!verified) return WrongSignature();
  return Authority{ByUnlockKey{record, version, *verified}};
}

absl::StatusOr<Authorizer::UnlockSigner> Authorizer::CheckUnlock(const Record& record, uint32_t version,
                                                                 ByteView challenge, ByteView signature) {
  const RecordName& name = record.name;
  LABREC_ASSIGN_OR_RETURN(ChallengeTable::Used used,
                          UseUp({name.tenant, name.account, name.record, version}, challenge));
  const RecordVersion* signer = record.Find(version);
  if (signer == nullptr || !signer->usable()) {
    return InOwnWords(
        absl::NotFoundError("version " + std::to_string(version) + " of the record is not usable here"));
  }
  const Bytes message = UnlockBytes({realm_id_, name.tenant, name.account}, name.record, version, challenge);
  const auto verified = VerifiedSignature::Check(*signer->unlock_key, message, signature);
  if (!verified) return WrongSignature();
  // A number may have come to name another version, with other keys, since the challenge was made.
  if (used.version != Sha256(signer->nonce)) used.seal_key.Clear();
  return UnlockSigner{*verified, std::move(used.seal_key)};
}

}  // namespace labrec::recovery
