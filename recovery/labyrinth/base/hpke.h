#pragma once

#include <array>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/dh_key_pair.h"

// HPKE (RFC 9180) in mode AuthPSK (0x03) with DHKEM(P-256, HKDF-SHA256) and HKDF-SHA256. The module's profile
// uses AES-256-GCM; AES-128-GCM is here because the figures of the RFC's appendix A.3 use it.
namespace labrec::recovery::labyrinth {

enum class HpkeAead : uint16_t { kAes128Gcm = 0x0001, kAes256Gcm = 0x0002 };

// What both sides must agree on (section 5.1). `psk` has at least 32 bytes of entropy, `psk_id` is not empty:
// anything else aborts, since callers derive both. Borrowed for the duration of a call.
struct HpkeParameters {
  HpkeAead aead = HpkeAead::kAes256Gcm;
  ByteView info;
  ByteView psk;
  ByteView psk_id;
};

// One direction's encryption context (section 5.2): messages are opened in the order they were sealed.
class HpkeContext {
 public:
  HpkeContext(HpkeAead aead, SecretBytes key, SecretBytes base_nonce)
      : aead_(aead), key_(std::move(key)), base_nonce_(std::move(base_nonce)) {}

  // ciphertext || 16-byte tag.
  Bytes Seal(ByteView associated_data, ByteView plaintext);
  // DATA_LOSS (kNotOpened) if anything is not as it was sealed; the context stays where it was.
  absl::StatusOr<SecretBytes> Open(ByteView associated_data, ByteView ciphertext);

 private:
  std::array<uint8_t, 12> NextNonce() const;

  HpkeAead aead_;
  SecretBytes key_;
  SecretBytes base_nonce_;
  uint64_t sequence_ = 0;
};

using HpkeEncapsulated = std::array<uint8_t, P256Point::kUncompressedSize>;

struct HpkeSender {
  HpkeEncapsulated encapsulated;
  HpkeContext context;
};

// SetupAuthPSKS with a fresh ephemeral key.
HpkeSender SetupAuthPskSender(const HpkeParameters& parameters, const P256Point& recipient,
                              const DhKeyPair& sender);
// The same with the caller's ephemeral key: for test vectors only, a key used twice gives both plaintexts
// away.
HpkeSender SetupAuthPskSenderWithEphemeral(const HpkeParameters& parameters, const P256Point& recipient,
                                           const DhKeyPair& sender, const DhKeyPair& ephemeral);
// SetupAuthPSKR. DATA_LOSS (kMalformed) if `encapsulated` is no uncompressed point of the curve. A wrong key,
// sender, PSK or info shows only when the context opens nothing.
absl::StatusOr<HpkeContext> SetupAuthPskRecipient(const HpkeParameters& parameters, ByteView encapsulated,
                                                  const DhKeyPair& recipient, const P256Point& sender);

// One message: encapsulated (65 bytes) || ciphertext || tag, no associated data (all context is in `info`).
Bytes HpkeSeal(const HpkeParameters& parameters, const P256Point& recipient, const DhKeyPair& sender,
               ByteView plaintext);
absl::StatusOr<SecretBytes> HpkeOpen(const HpkeParameters& parameters, const DhKeyPair& recipient,
                                     const P256Point& sender, ByteView sealed);

}  // namespace labrec::recovery::labyrinth
