#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

// The canonical byte strings that clients sign and realms verify: the one place both sides take them from.
// docs/protocol.md, "Signed requests". Integers are big-endian; record versions are I2OSP(version, 4).
namespace labrec::recovery {

inline constexpr std::string_view kUnlockLabel = "labyrinth-recovery/v1/unlock";
inline constexpr std::string_view kRequestLabel = "labyrinth-recovery/v1/request";

// What a signed request does. The text is part of what is signed.
enum class Operation {
  kEnrollDevice,
  kRevokeDevice,
  kBeginChipVersion,
  kFinishRegistration,
  kActivate,
  kDeleteRecord,
  kRaiseFloor,
  kGetFloor
};
std::string_view OperationName(Operation operation);

// Whom and what every signature is about.
struct RequestScope {
  ByteView realm_id;  // 16 bytes
  std::string_view tenant;
  std::string_view account;
};

// LP(label) || LP(realm_id) || LP(tenant) || LP(account) || LP(record) || version || challenge.
Bytes UnlockBytes(const RequestScope& scope, std::string_view record, uint32_t version, ByteView challenge);

// LP(label) || LP(realm_id) || LP(tenant) || LP(account) || LP(operation name) || LP(challenge) ||
// SHA-256(body), `body` being one of the functions below.
Bytes RequestBytes(const RequestScope& scope, Operation operation, ByteView challenge, ByteView body);

// LP(SPKI) || LP(name).
Bytes EnrollDeviceBody(ByteView spki, std::string_view name);
// LP(device id).
Bytes RevokeDeviceBody(ByteView device_id);
// LP(record) || version || LP(unlock SPKI) || guess limit (4 bytes) || LP(nonce).
Bytes BeginChipBody(std::string_view record, uint32_t version, ByteView unlock_spki, uint32_t guess_limit,
                    ByteView nonce);
// LP(record) || version || LP(registration id) || SHA-256(config) || LP(commitment) || LP(unlock SPKI) ||
// SHA-256(sealed secret).
struct RegistrationParts {
  std::string_view record;
  uint32_t version;
  ByteView registration_id;
  ByteView config;
  ByteView commitment;
  ByteView unlock_spki;
  ByteView sealed_secret;
};
Bytes FinishRegistrationBody(const RegistrationParts& parts);
// LP(record) || version.
Bytes ActivateBody(std::string_view record, uint32_t version);
// LP(record); for kDeleteRecord and kGetFloor.
Bytes RecordBody(std::string_view record);
// LP(record) || sequence (8 bytes) || LP(digest).
Bytes RaiseFloorBody(std::string_view record, uint64_t sequence, ByteView digest);

}  // namespace labrec::recovery
