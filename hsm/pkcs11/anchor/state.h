#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/device_setup.h"
#include "hsm/pkcs11/anchor/names.h"

namespace labrec::hsm::pkcs11 {

// What the token said of a key that it made (PKCS#11 2.40, section 4.9): its own word, not a proof.
struct KeyClaims {
  std::optional<bool> local;              // CKA_LOCAL
  std::optional<bool> never_extractable;  // CKA_NEVER_EXTRACTABLE
  std::optional<bool> always_sensitive;   // CKA_ALWAYS_SENSITIVE
};

// The pinned keys of a realm.
struct PinnedKeys {
  P256Point public_key = P256Point::Generator();
  Bytes derivation_check;  // HMAC(derivation key, DerivationCheckMessage), its first 16 bytes
  KeyClaims evaluation_claims;
  KeyClaims derivation_claims;
};

// What DeviceState says for PKCS#11. All of it is public.
struct State {
  Scope scope;
  std::string token;  // for people: which token it was
  std::optional<PinnedKeys> keys;
  bool anchor = false;
};

DeviceState ToJson(const State& state);
// INVALID_ARGUMENT, with the place, if it is not what ToJson writes.
absl::StatusOr<State> FromJson(const DeviceState& json);

// The message whose HMAC tells one derivation key from another, and is used for nothing else.
Bytes DerivationCheckMessage(ByteView realm_id);
inline constexpr size_t kDerivationCheckSize = 16;

}  // namespace labrec::hsm::pkcs11
