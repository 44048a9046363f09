#pragma once

#include <cstdint>
#include <optional>

#include "hsm/base/bytes.h"
#include "hsm/period_keys.h"
#include "hsm/pkcs11/token/primitives.h"

// How a realm's objects are called on a token. CKA_ID = "labrec-" kind || realm id || instance [|| more], and
// CKA_LABEL = "labrec <realm id> <instance> <kind>" in hexadecimal.
namespace labrec::hsm::pkcs11 {

inline constexpr size_t kRealmIdSize = 16;
inline constexpr size_t kInstanceSize = 8;
inline constexpr size_t kNonceSize = 8;

// What one provisioning made: the realm's id, and a random number that tells it from the realm's others.
struct Scope {
  Bytes realm_id;
  Bytes instance;

  static Scope NewFor(ByteView realm_id);
};

// Names one key of the ratchet, and the key that was current when it was made.
struct RatchetKeyId {
  uint64_t epoch = 0;
  Bytes nonce;
  Bytes parent_nonce;

  static RatchetKeyId NewFor(uint64_t epoch, ByteView parent_nonce);
};

KeyName EvaluationKeyName(const Scope& scope);
KeyName DerivationKeyName(const Scope& scope);

// The keys of the ratchet share a label.
std::string RatchetLabel(const Scope& scope);
KeyName RatchetKeyName(const Scope& scope, const RatchetKeyId& id);
// What RatchetKeyName put into this CKA_ID; nullopt if it was not made for this scope.
std::optional<RatchetKeyId> ParseRatchetKeyId(const Scope& scope, ByteView id);

// So do the claims of the anchor.
std::string ClaimLabel(const Scope& scope);
KeyName ClaimName(const Scope& scope, ByteView nonce);

// And the period keys.
std::string PeriodKeyLabel(const Scope& scope);
KeyName PeriodKeyName(const Scope& scope, const PeriodKeyId& id);
// What PeriodKeyName put into this CKA_ID; nullopt if it was not made for this scope.
std::optional<PeriodKeyId> ParsePeriodKeyId(const Scope& scope, ByteView id);

}  // namespace labrec::hsm::pkcs11
