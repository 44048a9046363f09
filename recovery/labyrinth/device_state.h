#pragma once

#include "recovery/labyrinth/epoch/member.h"

namespace labrec::recovery::labyrinth {

// What a device keeps between runs, in its own protected storage: the newest epoch whose floor it saw raised,
// and its keys, except the device key (which may live in hardware).
struct DeviceState {
  AccountName account;
  Member self;
  DhKeyPair storage;
  DhKeyPair auth;
  Epoch epoch;

  DeviceState Clone() const { return {account, self, storage.Clone(), auth.Clone(), epoch.Clone()}; }

  // LP(label) || LP(tenant) || LP(account) || LP(member) || storage key (32) || auth key (32) || epoch (88).
  SecretBytes Serialize() const;
  // DATA_LOSS (kMalformed) if it is not exactly what Serialize writes, or the keys do not belong together.
  static absl::StatusOr<DeviceState> Parse(ByteView serialized);
};

}  // namespace labrec::recovery::labyrinth
