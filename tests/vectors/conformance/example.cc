#include "tests/vectors/conformance/example.h"

#include <cstdlib>

#include "hsm/base/encoding.h"
#include "pin/oprf/oprf.h"
#include "pin/pin_input.h"
#include "pin/sharing/commitment.h"
#include "pin/sharing/secret_sharing.h"
#include "pin/sharing/share_mask.h"
#include "pin/stretch.h"

namespace labrec::conformance {

using recovery::Operation;
using recovery::ParseRecordConfig;

namespace {

std::string Of(const char* name, size_t realm) {
  return name + std::string("_") + std::to_string(realm + 1);
}

}  // namespace

Bytes Counting(uint8_t first, size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return bytes;
}

Bytes Example::RealmId(size_t realm) {
  return Bytes(16, static_cast<uint8_t>(0x11 * (realm + 1)));
}

void Example::Hexed(const std::string& name, ByteView bytes) {
  Put(name, Hex(bytes));
}

Example::Example() {
  Put("tenant", kTenant);
  Put("account", kAccount);
  Put("record", kRecord);
  Put("pin", kPin);
  Hexed("salt", salt_);
  stretched_ = pin::Stretch(SecretBytes::CopyOf(AsBytes(kPin)), salt_, {}).value();
  Hexed("stretched", stretched_.view());
  input_ = pin::OprfInput(kTenant, kAccount, kRecord, kVersion, stretched_);
  Hexed("input", input_.view());
  MakeShares();
  for (size_t i = 0; i < 3; ++i) EvaluateAt(i);
  MakeConfig();
  MakeKeys();
  MakeRequests();
}

void Example::MakeShares() {
  std::vector<pin::Share> two;
  two.push_back({1, SecretBytes::CopyOf(Counting(0x20, 32))});
  two.push_back({2, SecretBytes::CopyOf(Counting(0x60, 32))});
  s_ = pin::Combine(two).value();
  Hexed("s", s_.view());
  shares_.push_back(two[0].bytes.Clone());
  shares_.push_back(two[1].bytes.Clone());
  shares_.push_back(pin::Interpolate(two, 3).value());
  for (size_t i = 0; i < 3; ++i) Hexed(Of("share", i), shares_[i].view());
}

void Example::EvaluateAt(size_t i) {
  const P256Scalar key = P256Scalar::Parse(RealmKey(i)).value();
  const P256Scalar blind = P256Scalar::Parse(Bytes(32, static_cast<uint8_t>(0x41 + i))).value();
  const pin::Blinded blinded = pin::BlindWith(input_, blind.Clone()).value();
  const P256Point evaluated = blinded.element.Times(key);
  const SecretBytes rho = pin::Finalize(input_, blind, evaluated).value();
  const SecretBytes mask = pin::ShareMask(rho, RealmId(i), kVersion);
  masked_.push_back(pin::MaskShare(shares_[i], mask));
  Hexed(Of("realm_id", i), RealmId(i));
  Hexed(Of("realm_key", i), key.SecretBytesView());
  Hexed(Of("blind", i), blind.SecretBytesView());
  Hexed(Of("element", i), blinded.element.Compressed());
  Hexed(Of("evaluated", i), evaluated.Compressed());
  Hexed(Of("rho", i), rho.view());
  Hexed(Of("mask", i), mask.view());
  Hexed(Of("masked_share", i), masked_[i]);
}

void Example::MakeConfig() {
  config_.name = {kTenant, kAccount, kRecord};
  config_.version = kVersion;
  config_.threshold = 2;
  for (size_t i = 0; i < 3; ++i) {
    config_.realms.push_back({RealmId(i), static_cast<uint32_t>(i) + 1, masked_[i], std::nullopt});
  }
  config_.salt = salt_;
  config_.guess_limit = 10;
  config_bytes_ = Encode(config_);
  if (!ParseRecordConfig(config_bytes_, config_.name, kVersion).ok()) std::abort();
  digest_ = Sha256(config_bytes_);
  Hexed("config", config_bytes_);
  Hexed("config_sha256", digest_);
}

void Example::MakeKeys() {
  commitment_ = ToBytes(pin::Commit(s_, digest_));
  Hexed("commitment", commitment_);
  encryption_key_ = pin::EncryptionKey(s_, digest_);
  Hexed("k_enc", encryption_key_.view());
  for (size_t i = 0; i < 3; ++i) {
    const EcdsaPrivateKey key = pin::UnlockKey(s_, RealmId(i), kVersion);
    Hexed(Of("unlock_private_key", i), key.SecretScalar().SecretBytesView());
    Hexed(Of("unlock_public_key", i), key.public_key().Spki());
    if (i == 0) unlock_key_ = key.public_key();
  }
}

void Example::MakeRequests() {
  const Bytes challenge = Counting(0xA0, 32);
  Hexed("challenge", challenge);
  unlock_bytes_ = UnlockBytes(Scope(), kRecord, kVersion, challenge);
  Hexed("unlock_bytes_1", unlock_bytes_);
  const Bytes body = recovery::ActivateBody(kRecord, kVersion);
  Hexed("activate_body", body);
  Hexed("activate_bytes_1", RequestBytes(Scope(), Operation::kActivate, challenge, body));
}

}  // namespace labrec::conformance
