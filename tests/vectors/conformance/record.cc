#include "tests/vectors/conformance/record.h"

#include "hsm/base/aead.h"
#include "pin/oprf/oprf.h"
#include "pin/padding.h"
#include "pin/pin_input.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/secret_sharing.h"
#include "pin/sharing/share_mask.h"
#include "pin/stretch.h"
#include "tests/vectors/conformance/chip.h"
#include "tests/vectors/conformance/example.h"

namespace labrec::conformance {
namespace {

// What tells one version from another.
struct Choice {
  uint32_t version = 1;
  std::string_view pin;
  uint32_t threshold = 2;
  Bytes salt;
  pin::ArgonParameters argon;
  SecretBytes first, second;  // shares 1 and 2, from which the others follow where the threshold is 2
  Bytes nonce;
  bool chips = false;
};

SecretBytes MaskAt(const SecretBytes& input, size_t realm, uint32_t version) {
  const P256Scalar key = P256Scalar::Parse(KitRealmKey(realm, version)).value();
  const P256Scalar blind = P256Scalar::Parse(Bytes(32, 0x41)).value();  // any blind gives the same
  const pin::Blinded blinded = pin::BlindWith(input, blind.Clone()).value();
  const SecretBytes rho = pin::Finalize(input, blind, blinded.element.Times(key)).value();
  return pin::ShareMask(rho, Example::RealmId(realm), version);
}

// Points at x = 1..3 of a polynomial of degree threshold - 1 through the choice's shares.
std::vector<pin::Share> SharesOf(const Choice& choice) {
  std::vector<pin::Share> shares;
  shares.push_back({1, choice.first.Clone()});
  if (choice.threshold == 1) {
    for (const uint32_t x : {2U, 3U}) shares.push_back({x, choice.first.Clone()});
    return shares;
  }
  shares.push_back({2, choice.second.Clone()});
  if (choice.threshold == 2) {
    shares.push_back({3, pin::Interpolate(shares, 3).value()});
  } else {
    shares.push_back({3, SecretBytes::CopyOf(Counting(0xE0, 32))});
  }
  return shares;
}

KitRecord Make(const Choice& choice) {
  KitRecord record;
  recovery::RecordConfig& config = record.config;
  config.name = {Example::kTenant, Example::kAccount, Example::kRecord};
  config.version = choice.version;
  config.threshold = choice.threshold;
  config.salt = choice.salt;
  config.argon = choice.argon;
  config.guess_limit = 10;
  const SecretBytes pin = SecretBytes::CopyOf(AsBytes(choice.pin));
  const SecretBytes stretched = pin::Stretch(pin, choice.salt, choice.argon).value();
  const SecretBytes input =
      pin::OprfInput(Example::kTenant, Example::kAccount, Example::kRecord, choice.version, stretched);
  const std::vector<pin::Share> shares = SharesOf(choice);
  std::vector<pin::Share> enough;
  for (size_t i = 0; i < choice.threshold; ++i) enough.push_back({shares[i].x, shares[i].bytes.Clone()});
  record.s = pin::Combine(enough).value();
  for (size_t i = 0; i < Example::kRealms; ++i) {
    const Bytes masked = pin::MaskShare(shares[i].bytes, MaskAt(input, i, choice.version));
    recovery::RealmShare share{Example::RealmId(i), static_cast<uint32_t>(i) + 1, masked, std::nullopt};
    if (choice.chips) share.chip = {KitIndex(i), KitAttestationArea(KitAttestationKey(i)).Name()};
    config.realms.push_back(std::move(share));
  }
  record.config_bytes = Encode(config);
  const Digest digest = Sha256(record.config_bytes);
  record.commitment = ToBytes(pin::Commit(record.s, digest));
  const SecretBytes key = pin::EncryptionKey(record.s, digest);
  const SecretBytes padded = pin::Pad(SecretBytes::CopyOf(KitSecret())).value();
  record.sealed_secret = AeadSealWithNonce(key.view(), choice.nonce, padded.view(), digest);
  return record;
}

}  // namespace

Bytes KitRecord::UnlockSpki(ByteView realm_id) const {
  return pin::UnlockKey(s, realm_id, version()).public_key().Spki();
}

Bytes KitSecret() {
  return Counting(0xC0, 32);
}

Bytes KitRealmKey(size_t realm, uint32_t version) {
  return version == 1 ? Example::RealmKey(realm) : Bytes(32, static_cast<uint8_t>(16 * version + realm + 1));
}

KitRecord ExampleRecord() {
  Choice choice;
  choice.pin = Example::kPin;
  choice.salt = Counting(0, 16);
  choice.first = SecretBytes::CopyOf(Counting(0x20, 32));
  choice.second = SecretBytes::CopyOf(Counting(0x60, 32));
  choice.nonce = Counting(0x80, 12);
  return Make(choice);
}

namespace {

Choice LaterChoice(uint32_t version, std::string_view pin, uint32_t threshold) {
  Choice choice;
  choice.version = version;
  choice.pin = pin;
  choice.threshold = threshold;
  choice.salt = Counting(static_cast<uint8_t>(version), 16);
  choice.argon = {1024, 1, 1};
  choice.first = SecretBytes::CopyOf(Counting(static_cast<uint8_t>(0x20 + version), 32));
  choice.second = SecretBytes::CopyOf(Counting(static_cast<uint8_t>(0x60 + version), 32));
  choice.nonce = Counting(static_cast<uint8_t>(0x80 + version), 12);
  return choice;
}

}  // namespace

KitRecord LaterRecord(uint32_t version, std::string_view pin, uint32_t threshold) {
  return Make(LaterChoice(version, pin, threshold));
}

KitRecord ChipRecord(std::string_view pin) {
  Choice choice = LaterChoice(2, pin, 2);
  choice.chips = true;
  return Make(choice);
}

}  // namespace labrec::conformance
