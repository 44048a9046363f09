#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/device_setup.h"
#include "hsm/tpm2/link/index.h"

namespace labrec::hsm::tpm2 {

// The key that wraps our keys, and that salts sessions.
struct StorageKeyState {
  uint32_t persistent_handle = 0;  // 0: a primary key of StorageKeyTemplate(), made anew at each opening
  bool made_persistent_here = false;
  Bytes name;  // pinned: a key of another Name gets no secret
};

// A key as TPM2_Create gave it: marshalled TPM2B_PUBLIC and TPM2B_PRIVATE (wrapped by the storage key).
struct KeyBlob {
  Bytes public_area;
  Bytes private_area;
};

// The freshness anchor's NV indices.
struct AnchorState {
  IndexState counter;
  IndexState claim;
};

// What a DeviceState of a TPM says.
struct RealmState {
  Bytes realm_id;
  StorageKeyState storage_key;
  std::optional<KeyBlob> evaluation_key;  // with the role `keys`
  KeyBlob hmac_key;                   // derives, where the role is `keys`, and makes the anchor's evidence
  std::optional<AnchorState> anchor;  // with the role `anchor`
  std::optional<PcrBinding> pcr_binding;  // of evaluation_key and hmac_key
};

// JSON, format "labyrinth-recovery/tpm2/1"; docs/formats.md.
DeviceState WriteState(const RealmState& state);
// INVALID_ARGUMENT if it is not what WriteState writes.
absl::StatusOr<RealmState> ReadState(const DeviceState& state);

}  // namespace labrec::hsm::tpm2
