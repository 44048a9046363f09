#pragma once

#include "recovery/labyrinth/code/recovery_code.h"
#include "recovery/labyrinth/epoch/member.h"

namespace labrec::recovery::labyrinth {

// The private side of a virtual device: a read-only member that a recovery code stands for.
struct VirtualDevice {
  MemberId id;
  EcdsaPrivateKey device_key;
  DhKeyPair storage;

  static VirtualDevice Generate(const MemberId& id) {
    return {id, EcdsaPrivateKey::Generate(), DhKeyPair::Generate()};
  }
};

struct OpenedBundle {
  VirtualDevice device;
  Epoch epoch;  // the one in which it was made; the device follows from there
};

// The bundle that the store keeps for a virtual device: LP of each of device key (32 bytes), storage key (32
// bytes), epoch sequence, id and opening hash (56 bytes) and root (32 bytes). Each is sealed by itself under
// the virtual device's key, and bound to its own field name, the account and the virtual device's id.
Bytes SealBundle(const AccountName& account, ByteView virtual_device_key, const VirtualDevice& device,
                 const Epoch& epoch);
// DATA_LOSS (kMalformed, kNotOpened) if anything is not as it was sealed.
absl::StatusOr<OpenedBundle> OpenBundle(const AccountName& account, const VirtualDeviceSecrets& secrets,
                                        ByteView bundle);

}  // namespace labrec::recovery::labyrinth
