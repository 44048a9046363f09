#pragma once

#include <google/protobuf/stubs/logging.h>

#include "recovery/api/v1/recovery.pb.h"
#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/config_message.h"
#include "recovery/api/wire/floor_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::recovery::test {

// Every message twice: X(name) is wire::name and the generated class of the same name.
#define LABREC_EACH_MESSAGE(X)  \
  X(GetRealmRequest)            \
  X(GetRealmResponse)           \
  X(ChipRoom)                   \
  X(GetIdentityRequest)         \
  X(GetIdentityResponse)        \
  X(ActivateCredentialRequest)  \
  X(ActivateCredentialResponse) \
  X(AttestRequest)              \
  X(AttestResponse)             \
  X(GetChallengeRequest)        \
  X(GetChallengeResponse)       \
  X(Signature)                  \
  X(UnlockKey)                  \
  X(EnrollDeviceRequest)        \
  X(EnrollDeviceResponse)       \
  X(RevokeDeviceRequest)        \
  X(RevokeDeviceResponse)       \
  X(ListDevicesRequest)         \
  X(DeviceInfo)                 \
  X(ListDevicesResponse)        \
  X(BeginRegistrationRequest)   \
  X(BeginChip)                  \
  X(BeginRegistrationResponse)  \
  X(ChipBegun)                  \
  X(BeginChipWriteRequest)      \
  X(BeginChipWriteResponse)     \
  X(FinishChipWriteRequest)     \
  X(FinishChipWriteResponse)    \
  X(ConfirmKeyRequest)          \
  X(ConfirmKeyResponse)         \
  X(FinishRegistrationRequest)  \
  X(FinishRegistrationResponse) \
  X(ActivateRequest)            \
  X(ActivateResponse)           \
  X(RecordConfig)               \
  X(RealmShare)                 \
  X(ChipShare)                  \
  X(GetRecordRequest)           \
  X(RecordVersion)              \
  X(GetRecordResponse)          \
  X(EvaluateRequest)            \
  X(Evaluated)                  \
  X(LockedUntil)                \
  X(Destroyed)                  \
  X(NotRegistered)              \
  X(EvaluateResponse)           \
  X(BeginUnlockRequest)         \
  X(BeginUnlockResponse)        \
  X(UnlockRequest)              \
  X(Unlocked)                   \
  X(UnlockResponse)             \
  X(DeleteRecordRequest)        \
  X(DeleteRecordResponse)       \
  X(Floor)                      \
  X(RaiseFloorRequest)          \
  X(RaiseFloorResponse)         \
  X(GetFloorRequest)            \
  X(GetFloorResponse)

// Whether bytes that neither side knows hold a group, which only protobuf takes.
bool HasGroup(const google::protobuf::Message& message);
// The generated message's own deterministic bytes, without what it does not know.
Bytes KnownBytes(google::protobuf::Message& message);

// Empty if both read the same from these bytes; else what differs.
template <typename M, typename P>
std::string Difference(ByteView bytes) {
  const google::protobuf::LogSilencer silent;  // it says of each text that is no UTF-8
  P oracle;
  const bool parses = oracle.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const auto decoded = wire::Decode<M>(bytes);
  if (!parses) return decoded ? "taken, though protobuf refuses it" : "";
  if (!decoded) return HasGroup(oracle) ? "" : "refused, though protobuf takes it";
  if (HasGroup(oracle)) return "taken, though it has a group";
  return wire::Encode(*decoded) == KnownBytes(oracle) ? "" : "read or written in another way";
}

}  // namespace labrec::recovery::test
