#pragma once

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"

namespace labrec {

// An ECDSA P-256 public key as its DER SubjectPublicKeyInfo (RFC 5480), 91 bytes: how devices and unlock
// keys are written down. A value type.
class EcdsaPublicKey {
 public:
  // Only the one canonical encoding is taken: named curve, uncompressed point. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<EcdsaPublicKey> FromSpki(ByteView der);
  // "-----BEGIN PUBLIC KEY-----". INVALID_ARGUMENT if it is no P-256 key.
  static absl::StatusOr<EcdsaPublicKey> FromPem(std::string_view pem);
  static EcdsaPublicKey FromPoint(const P256Point& point);

  Bytes Spki() const;
  std::string Pem() const;
  // SHA-256(SPKI)[0..16].
  std::array<uint8_t, 16> DeviceId() const;
  const P256Point& point() const { return point_; }

  // ECDSA with SHA-256 (FIPS 186-5) over `message`; `signature` is r || s, 32 bytes each, big-endian.
  // Any thread. False for a malformed signature too.
  bool Verify(ByteView message, ByteView signature) const;

  bool operator==(const EcdsaPublicKey&) const = default;

 private:
  explicit EcdsaPublicKey(const P256Point& point) : point_(point) {}
  P256Point point_;
};

// An ECDSA P-256 private key in locked memory. Any thread.
class EcdsaPrivateKey {
 public:
  static EcdsaPrivateKey Generate();
  static EcdsaPrivateKey FromScalar(P256Scalar scalar);
  // An unencrypted PKCS#8 "-----BEGIN PRIVATE KEY-----" of P-256. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<EcdsaPrivateKey> FromPem(const SecretBytes& pem);

  EcdsaPrivateKey Clone() const { return FromScalar(scalar_.Clone()); }
  const EcdsaPublicKey& public_key() const { return public_key_; }
  SecretBytes ToPem() const;
  // r || s, 64 bytes.
  std::array<uint8_t, 64> Sign(ByteView message) const;
  // The name is there to be searched for.
  const P256Scalar& SecretScalar() const { return scalar_; }

 private:
  EcdsaPrivateKey(P256Scalar scalar, const EcdsaPublicKey& public_key)
      : scalar_(std::move(scalar)), public_key_(public_key) {}
  P256Scalar scalar_;
  EcdsaPublicKey public_key_;
};

}  // namespace labrec
