#include "recovery/labyrinth/base/hpke.h"

#include <algorithm>
#include <cstdlib>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/gcm.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr uint8_t kModeAuthPsk = 0x03;
constexpr uint16_t kKemP256 = 0x0010;
constexpr uint16_t kKdfSha256 = 0x0001;

// LabeledExtract and LabeledExpand of one suite id (section 4).
class LabeledKdf {
 public:
  explicit LabeledKdf(Bytes suite_id) : suite_id_(std::move(suite_id)) {}

  SecretBytes Extract(ByteView salt, std::string_view label, ByteView key_material) const {
    static constexpr uint8_t kNoSalt[32] = {};
    const SecretBytes labeled = Join({AsBytes("HPKE-v1"), suite_id_, AsBytes(label), key_material});
    return HmacSha256(salt.empty() ? ByteView(kNoSalt) : salt, labeled.view());
  }

  SecretBytes Expand(const SecretBytes& key, std::string_view label, ByteView info, uint16_t length) const {
    Writer labeled;
    labeled.U16(length).Raw("HPKE-v1").Raw(suite_id_).Raw(label).Raw(info);
    return HkdfExpand(key.view(), labeled.bytes(), length);
  }

 private:
  Bytes suite_id_;
};

// The x coordinate of a Diffie-Hellman result (section 7.1: Ndh = 32).
SecretBytes Dh(const P256Scalar& secret, const P256Point& public_key) {
  P256Point shared = public_key.Times(secret);
  SecretBytes x = SecretBytes::CopyOf(shared.x());
  Wipe({reinterpret_cast<uint8_t*>(&shared), sizeof shared});
  return x;
}

// ExtractAndExpand (section 4.1) over both Diffie-Hellman results.
SecretBytes SharedSecret(const SecretBytes& ephemeral_dh, const SecretBytes& sender_dh, ByteView encapsulated,
                         const P256Point& recipient, const P256Point& sender) {
  const LabeledKdf kdf(Writer().Raw("KEM").U16(kKemP256).bytes());
  const SecretBytes dh = Join({ephemeral_dh.view(), sender_dh.view()});
  const SecretBytes prk = kdf.Extract({}, "eae_prk", dh.view());
  Writer context;
  context.Raw(encapsulated).Raw(recipient.Uncompressed()).Raw(sender.Uncompressed());
  return kdf.Expand(prk, "shared_secret", context.bytes(), 32);
}

// KeySchedule (section 5.1).
HpkeContext Schedule(const HpkeParameters& parameters, const SecretBytes& shared_secret) {
  if (parameters.psk.size() < 32 || parameters.psk_id.empty()) std::abort();
  const auto aead = static_cast<uint16_t>(parameters.aead);
  const LabeledKdf kdf(Writer().Raw("HPKE").U16(kKemP256).U16(kKdfSha256).U16(aead).bytes());
  const SecretBytes psk_id_hash = kdf.Extract({}, "psk_id_hash", parameters.psk_id);
  const SecretBytes info_hash = kdf.Extract({}, "info_hash", parameters.info);
  Writer context;
  context.U8(kModeAuthPsk).Raw(psk_id_hash.view()).Raw(info_hash.view());
  const SecretBytes secret = kdf.Extract(shared_secret.view(), "secret", parameters.psk);
  const uint16_t key_size = parameters.aead == HpkeAead::kAes128Gcm ? 16 : 32;
  return HpkeContext(parameters.aead, kdf.Expand(secret, "key", context.bytes(), key_size),
                     kdf.Expand(secret, "base_nonce", context.bytes(), 12));
}

}  // namespace

std::array<uint8_t, 12> HpkeContext::NextNonce() const {
  std::array<uint8_t, 12> nonce;
  std::copy_n(base_nonce_.data(), nonce.size(), nonce.begin());
  for (size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<uint8_t>(sequence_ >> (8 * i));
  return nonce;
}

Bytes HpkeContext::Seal(ByteView associated_data, ByteView plaintext) {
  Bytes sealed = GcmSeal(key_.view(), NextNonce(), plaintext, associated_data);
  ++sequence_;
  return sealed;
}

absl::StatusOr<SecretBytes> HpkeContext::Open(ByteView associated_data, ByteView ciphertext) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes plaintext,
                          GcmOpen(key_.view(), NextNonce(), ciphertext, associated_data));
  ++sequence_;
  return plaintext;
}

HpkeSender SetupAuthPskSender(const HpkeParameters& parameters, const P256Point& recipient,
                              const DhKeyPair& sender) {
  return SetupAuthPskSenderWithEphemeral(parameters, recipient, sender, DhKeyPair::Generate());
}

HpkeSender SetupAuthPskSenderWithEphemeral(const HpkeParameters& parameters, const P256Point& recipient,
                                           const DhKeyPair& sender, const DhKeyPair& ephemeral) {
  const HpkeEncapsulated encapsulated = ephemeral.public_key().Uncompressed();
  const SecretBytes shared =
      SharedSecret(Dh(ephemeral.SecretScalar(), recipient), Dh(sender.SecretScalar(), recipient),
                   encapsulated, recipient, sender.public_key());
  return {encapsulated, Schedule(parameters, shared)};
}

absl::StatusOr<HpkeContext> SetupAuthPskRecipient(const HpkeParameters& parameters, ByteView encapsulated,
                                                  const DhKeyPair& recipient, const P256Point& sender) {
  // Section 7.1.1 knows the uncompressed form only.
  const auto ephemeral = P256Point::Parse(encapsulated);
  if (!ephemeral.ok() || encapsulated.size() != P256Point::kUncompressedSize) {
    return Damage(Reason::kMalformed, "the encapsulated HPKE key is not an uncompressed point of P-256");
  }
  const SecretBytes shared =
      SharedSecret(Dh(recipient.SecretScalar(), *ephemeral), Dh(recipient.SecretScalar(), sender),
                   encapsulated, recipient.public_key(), sender);
  return Schedule(parameters, shared);
}

Bytes HpkeSeal(const HpkeParameters& parameters, const P256Point& recipient, const DhKeyPair& sender,
               ByteView plaintext) {
  HpkeSender setup = SetupAuthPskSender(parameters, recipient, sender);
  Writer sealed;
  sealed.Raw(setup.encapsulated).Raw(setup.context.Seal({}, plaintext));
  return std::move(sealed).Take();
}

absl::StatusOr<SecretBytes> HpkeOpen(const HpkeParameters& parameters, const DhKeyPair& recipient,
                                     const P256Point& sender, ByteView sealed) {
  if (sealed.size() < P256Point::kUncompressedSize) {
    return Damage(Reason::kMalformed, "an HPKE message is shorter than its encapsulated key");
  }
  LABREC_ASSIGN_OR_RETURN(
      HpkeContext context,
      SetupAuthPskRecipient(parameters, sealed.first(P256Point::kUncompressedSize), recipient, sender));
  return context.Open({}, sealed.subspan(P256Point::kUncompressedSize));
}

}  // namespace labrec::recovery::labyrinth
