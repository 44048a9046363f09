#include "tests/vectors/conformance/request.h"

#include <cstdlib>

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/floor_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::conformance {
namespace {

namespace wire = recovery::wire;
using recovery::RequestScope;

template <typename M>
M Take(const Bytes& body) {
  auto message = wire::Decode<M>(body);
  if (!message) std::abort();
  return *std::move(message);
}

// Takes the authorization's signature out.
template <typename M>
ShownRequest Signed(M message, recovery::Operation operation, const RequestScope& scope,
                    ByteView signed_body) {
  const Bytes challenge = message.authorization->challenge;
  message.authorization->signature.clear();
  return {wire::Encode(message), RequestBytes(scope, operation, challenge, signed_body)};
}

ShownRequest OfUnlock(wire::UnlockRequest message, const RequestScope& scope) {
  message.signature.clear();
  return {wire::Encode(message), UnlockBytes(scope, message.record, message.version, message.challenge)};
}

ShownRequest OfFinish(wire::FinishRegistrationRequest message, const RequestScope& scope) {
  const recovery::RegistrationParts parts{message.record,       message.version,    message.registration_id,
                                          message.config,       message.commitment, message.unlock_public_key,
                                          message.sealed_secret};
  const Bytes body = FinishRegistrationBody(parts);
  return Signed(std::move(message), recovery::Operation::kFinishRegistration, scope, body);
}

// Signed twice over the same bytes, by the new key and by who vouches for it.
ShownRequest OfEnroll(wire::EnrollDeviceRequest message, const RequestScope& scope) {
  const Bytes body = recovery::EnrollDeviceBody(message.public_key, message.name);
  const Bytes over = RequestBytes(scope, recovery::Operation::kEnrollDevice, message.challenge, body);
  message.proof.clear();
  if (message.authorization) message.authorization->signature.clear();
  return {wire::Encode(message), over};
}

}  // namespace

ShownRequest Show(std::string_view method, const Bytes& body, const RequestScope& scope) {
  if (method == "Unlock") return OfUnlock(Take<wire::UnlockRequest>(body), scope);
  if (method == "FinishRegistration") return OfFinish(Take<wire::FinishRegistrationRequest>(body), scope);
  if (method == "EnrollDevice") return OfEnroll(Take<wire::EnrollDeviceRequest>(body), scope);
  if (method == "Activate") {
    auto message = Take<wire::ActivateRequest>(body);
    const Bytes over = recovery::ActivateBody(message.record, message.version);
    return Signed(std::move(message), recovery::Operation::kActivate, scope, over);
  }
  if (method == "DeleteRecord") {
    auto message = Take<wire::DeleteRecordRequest>(body);
    const Bytes over = recovery::RecordBody(message.record);
    return Signed(std::move(message), recovery::Operation::kDeleteRecord, scope, over);
  }
  if (method == "RevokeDevice") {
    auto message = Take<wire::RevokeDeviceRequest>(body);
    const Bytes over = recovery::RevokeDeviceBody(message.device_id);
    return Signed(std::move(message), recovery::Operation::kRevokeDevice, scope, over);
  }
  if (method == "RaiseFloor") {
    auto message = Take<wire::RaiseFloorRequest>(body);
    const Bytes over = recovery::RaiseFloorBody(message.record, message.sequence, message.digest);
    return Signed(std::move(message), recovery::Operation::kRaiseFloor, scope, over);
  }
  if (method == "GetFloor") {
    auto message = Take<wire::GetFloorRequest>(body);
    const Bytes over = recovery::RecordBody(message.record);
    return Signed(std::move(message), recovery::Operation::kGetFloor, scope, over);
  }
  if (method == "FinishChipWrite") {
    auto message = Take<wire::FinishChipWriteRequest>(body);
    message.signature.clear();
    return {wire::Encode(message), std::nullopt};
  }
  return {body, std::nullopt};
}

}  // namespace labrec::conformance
