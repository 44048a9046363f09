#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/device_signer.h"
#include "recovery/labyrinth/base/dh_key_pair.h"
#include "recovery/labyrinth/epoch/epoch.h"

namespace labrec::recovery::labyrinth {

enum class MemberKind : uint8_t { kDevice = 1, kVirtualDevice = 2 };

// A key agreement key and the device key's signature over it.
struct SignedKey {
  P256Point key;
  DeviceSignature signature;
};

// The public side of a device or a virtual device. A value type.
struct Member {
  MemberKind kind;
  MemberId id;  // of a device: device_key.DeviceId(); of a virtual device: from its recovery code
  EcdsaPublicKey device_key;
  SignedKey storage;              // receives an epoch's entropy
  std::optional<SignedKey> auth;  // authenticates the opener of an epoch; devices only

  // kind || id || device key (33) || storage key (33) || signature (64) [|| auth key (33) || signature (64)].
  Bytes Encode() const;
};

// Signs the keys with the device key, each for its own purpose. The signer's error otherwise.
absl::StatusOr<Member> MakeDevice(const AccountName& account, DeviceSigner& signer,
                                  const P256Point& storage_key, const P256Point& auth_key);
absl::StatusOr<Member> MakeVirtualDevice(const AccountName& account, const MemberId& id, DeviceSigner& signer,
                                         const P256Point& storage_key);

// DATA_LOSS (kMalformed) if it is not exactly what Encode writes.
absl::StatusOr<Member> ParseMember(ByteView encoding);
// DATA_LOSS (kWrongSignature) if a key is not signed for its purpose by the device key, or the id is not the
// device key's.
absl::Status CheckSignatures(const AccountName& account, const Member& member);

// What stands in an epoch's member table: LP(member) || HMAC under that epoch's device MAC key, 32 bytes.
// Whoever knows the root can make it, and nobody else.
Bytes MakeMemberEntry(const Epoch& epoch, const AccountName& account, const Member& member);
// Checks form, then MAC, then signatures: DATA_LOSS with kMalformed, kWrongMac or kWrongSignature.
absl::StatusOr<Member> OpenMemberEntry(const Epoch& epoch, const AccountName& account, ByteView entry);

}  // namespace labrec::recovery::labyrinth
