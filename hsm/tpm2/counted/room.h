#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Room for keys that come and go. A TPM has three transient slots, and the realm's two keys are in two of
// them: while this object lives, the evaluation key is out (its context saved), so that two slots are free.
// What is loaded into them must be gone before this object is. If the key cannot be brought back, the context
// counts as having lost its objects, and the next call of the connection loads all of them again.
class KeyRoom {
 public:
  static absl::StatusOr<KeyRoom> Make(LoadedRealm& realm);
  KeyRoom(KeyRoom&& other) noexcept : realm_(std::exchange(other.realm_, nullptr)) {}
  KeyRoom& operator=(KeyRoom&&) = delete;
  ~KeyRoom();

  // The realm's storage key, in one of the slots unless it is persistent.
  absl::StatusOr<StorageKey> LoadStorageKey() const;

 private:
  explicit KeyRoom(LoadedRealm& realm) : realm_(&realm) {}
  LoadedRealm* realm_;
};

}  // namespace labrec::hsm::tpm2
