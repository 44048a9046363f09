#pragma once

#include "recovery/labyrinth/device_state.h"

namespace labrec::recovery::labyrinth {

// Adding a device next to one that is a member. The newcomer shows a request (a QR code, a file carried by
// hand): its public side and a one-time pairing secret. Whoever carries it must be the account's owner, for
// the member that takes it lets this very device in. The member answers through the untrusted store with an
// invitation: the current epoch by HPKE AuthPSK, its auth key as sender, the pairing secret as PSK.

// What the newcomer shows. It is secret: whoever reads it could answer it in a member's place. (What the
// invitation says can be read only with the newcomer's storage key.)
struct JoinRequest {
  AccountName account;
  Member member;
  SecretBytes pairing_secret;  // 32 bytes

  // LP(label) || LP(tenant) || LP(account) || LP(member) || pairing secret.
  SecretBytes Serialize() const;
  // INVALID_ARGUMENT (kMalformed, kWrongSignature) if it is not what an honest newcomer shows.
  static absl::StatusOr<JoinRequest> Parse(ByteView serialized);
};

// A newcomer that waits for its invitation.
struct PendingDevice {
  AccountName account;
  Member self;
  DhKeyPair storage;
  DhKeyPair auth;
  SecretBytes pairing_secret;

  static absl::StatusOr<PendingDevice> Make(const AccountName& account, DeviceSigner& signer);
  JoinRequest Request() const { return {account, self, pairing_secret.Clone()}; }

  // What the newcomer keeps while it waits: LP(label) || LP(tenant) || LP(account) || LP(member) || storage
  // key (32) || auth key (32) || pairing secret (32).
  SecretBytes Serialize() const;
  // DATA_LOSS (kMalformed) if it is not exactly what Serialize writes, or the keys do not belong together.
  static absl::StatusOr<PendingDevice> Parse(ByteView serialized);
};

// LP(inviting member) || HPKE(epoch). The inviting member must be a device.
Bytes MakeInvitation(const DeviceState& inviter, const JoinRequest& request);
// The newcomer's first state. DATA_LOSS (kMalformed, kNotOpened, kWrongSignature).
absl::StatusOr<DeviceState> OpenInvitation(const PendingDevice& pending, ByteView invitation);

}  // namespace labrec::recovery::labyrinth
