#include "hsm/pkcs11/token/primitives.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr size_t kMacSize = 32;
constexpr size_t kCoordinateSize = 32;
// OBJECT IDENTIFIER 1.2.840.10045.3.1.7 (RFC 5480): the named curve P-256.
constexpr std::array<uint8_t, 10> kP256 = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

Attributes DerivedSecretTemplate() {
  Attributes attributes;
  attributes.Number(CKA_CLASS, CKO_SECRET_KEY)
      .Number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .Flag(CKA_TOKEN, false)
      .Flag(CKA_SENSITIVE, false)
      .Flag(CKA_EXTRACTABLE, true)
      .Number(CKA_VALUE_LEN, kCoordinateSize);
  return attributes;
}

// The value, padded on the left to a coordinate where the token drops leading zeros.
absl::StatusOr<SecretBytes> ReadCoordinate(const Session& session, const SessionObject& secret) {
  SecretBytes value = SecretBytes::OfSize(kCoordinateSize);
  CK_ATTRIBUTE row{CKA_VALUE, value.data(), value.size()};
  LABREC_RETURN_IF_ERROR(FromCkRv(
      "C_GetAttributeValue", session.api()->C_GetAttributeValue(session.handle(), secret.handle(), &row, 1)));
  if (row.ulValueLen > value.size())
    return absl::DataLossError("the token derived a secret of a wrong length");
  if (row.ulValueLen == value.size()) return value;
  SecretBytes padded = SecretBytes::OfSize(kCoordinateSize);
  std::copy_n(value.data(), row.ulValueLen, padded.data() + (kCoordinateSize - row.ulValueLen));
  return padded;
}

void Protect(Attributes& attributes, Lifetime lifetime, const KeyName& name) {
  attributes.Flag(CKA_TOKEN, lifetime == Lifetime::kToken)
      .Flag(CKA_PRIVATE, true)
      .Flag(CKA_SENSITIVE, true)
      .Flag(CKA_EXTRACTABLE, false)
      .Blob(CKA_ID, name.id)
      .Text(CKA_LABEL, name.label);
}

}  // namespace

absl::StatusOr<SecretBytes> DeriveX(const Session& session, CK_OBJECT_HANDLE private_key,
                                    const P256Point& point) {
  auto encoded = point.Uncompressed();
  CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, encoded.size(), encoded.data()};
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
  Attributes attributes = DerivedSecretTemplate();
  CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_DeriveKey", session.api()->C_DeriveKey(session.handle(), &mechanism, private_key,
                                                         attributes.data(), attributes.size(), &derived)));
  const SessionObject secret(session, derived);
  return ReadCoordinate(session, secret);
}

absl::StatusOr<SecretBytes> Hmac(const Session& session, CK_OBJECT_HANDLE key, ByteView message) {
  CK_MECHANISM mechanism{CKM_SHA256_HMAC, nullptr, 0};
  CK_FUNCTION_LIST* api = session.api();
  LABREC_RETURN_IF_ERROR(FromCkRv("C_SignInit", api->C_SignInit(session.handle(), &mechanism, key)));
  SecretBytes mac = SecretBytes::OfSize(kMacSize);
  CK_ULONG size = mac.size();
  auto* data = const_cast<CK_BYTE*>(message.data());
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_Sign", api->C_Sign(session.handle(), data, message.size(), mac.data(), &size)));
  if (size != kMacSize) return absl::DataLossError("the token computed an HMAC-SHA-256 of a wrong length");
  return mac;
}

absl::StatusOr<KeyPairHandles> GenerateEcPair(const Session& session, Lifetime lifetime,
                                              const KeyName& name) {
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  Attributes public_part;
  public_part.Flag(CKA_TOKEN, lifetime == Lifetime::kToken)
      .Blob(CKA_EC_PARAMS, kP256)
      .Flag(CKA_VERIFY, false)
      .Blob(CKA_ID, name.id)
      .Text(CKA_LABEL, name.label);
  Attributes private_part;
  Protect(private_part, lifetime, name);
  private_part.Flag(CKA_DERIVE, true).Flag(CKA_SIGN, false);
  KeyPairHandles pair;
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_GenerateKeyPair",
               session.api()->C_GenerateKeyPair(session.handle(), &mechanism, public_part.data(),
                                                public_part.size(), private_part.data(), private_part.size(),
                                                &pair.public_key, &pair.private_key)));
  return pair;
}

absl::StatusOr<CK_OBJECT_HANDLE> GenerateHmacKey(const Session& session, Lifetime lifetime,
                                                 const KeyName& name) {
  CK_MECHANISM mechanism{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  Attributes attributes;
  Protect(attributes, lifetime, name);
  attributes.Number(CKA_CLASS, CKO_SECRET_KEY)
      .Number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .Number(CKA_VALUE_LEN, kMacSize)
      .Flag(CKA_SIGN, true)
      .Flag(CKA_VERIFY, true)
      .Flag(CKA_DERIVE, false)
      .Flag(CKA_WRAP, false)
      .Flag(CKA_UNWRAP, false);
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  // SoftHSM2 sometimes fails while another key is made: the anchor makes its keys on another thread than the
  // one that makes a period key. Recursive, as tests run a second service from within this call.
  static std::recursive_mutex making;
  const std::lock_guard lock(making);
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_GenerateKey", session.api()->C_GenerateKey(session.handle(), &mechanism, attributes.data(),
                                                             attributes.size(), &key)));
  return key;
}

absl::Status CheckLockedIn(const Session& session, CK_OBJECT_HANDLE key) {
  LABREC_ASSIGN_OR_RETURN(const auto sensitive, ReadFlag(session, key, CKA_SENSITIVE));
  LABREC_ASSIGN_OR_RETURN(const auto extractable, ReadFlag(session, key, CKA_EXTRACTABLE));
  if (sensitive.value_or(false) && !extractable.value_or(true)) return absl::OkStatus();
  return absl::FailedPreconditionError("the token made a key that can be read out: it is of no use here");
}

}  // namespace labrec::hsm::pkcs11
