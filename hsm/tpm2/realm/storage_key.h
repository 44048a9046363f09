#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/link/handle.h"
#include "hsm/tpm2/realm/state.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// TCG's place for the storage root key ("TPM v2.0 Provisioning Guidance", section 7.8).
inline constexpr uint32_t kStorageKeyHandle = 0x81000001;

// The storage key, loaded. A primary key takes one of the few transient slots, a persistent one none: release
// this as soon as keys are loaded under it and a session is salted with it.
class StorageKey {
 public:
  explicit StorageKey(TransientObject primary) : primary_(std::move(primary)) {}
  explicit StorageKey(PersistentObject persistent) : persistent_(std::move(persistent)) {}
  ESYS_TR esys() const { return primary_.empty() ? persistent_.esys() : primary_.esys(); }
  // Empty if it is persistent.
  const TransientObject& primary() const { return primary_; }

 private:
  TransientObject primary_;
  PersistentObject persistent_;
};

// The storage key that `state` pins. FAILED_PRECONDITION if this TPM has another one, or none.
absl::StatusOr<StorageKey> OpenStorageKey(Context& context, const StorageKeyState& state);

// For provisioning: the key at kStorageKeyHandle if it is one (IsStorageKey) and takes keys without an
// authorisation value, otherwise a primary key from StorageKeyTemplate(). Where the owner hierarchy has an
// authorisation value that primary key is made persistent, at kStorageKeyHandle or the next free handle, as
// opening must work without that value.
absl::StatusOr<StorageKeyState> ChooseStorageKey(Context& context, const SecretBytes& owner_authorization);

// Undoes what ChooseStorageKey made persistent; nothing otherwise. OK if it is gone already.
absl::Status RemoveStorageKey(Context& context, const StorageKeyState& state,
                              const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::tpm2
