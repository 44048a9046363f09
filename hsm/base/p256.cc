#include "hsm/base/p256.h"

#include <algorithm>
#include <cstring>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/require.h"
#include "hsm/base/secure_heap.h"

namespace labrec {
namespace {

const EC_GROUP* Group() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  Require(group != nullptr);
  return group;
}

const BIGNUM* Order() {
  return EC_GROUP_get0_order(Group());
}

BN_CTX* Scratch() {
  EnsureSecureHeap();
  thread_local const BnCtxPtr context(BN_CTX_secure_new());
  Require(context != nullptr);
  return context.get();
}

BnPtr SecretNumber() {
  EnsureSecureHeap();
  BnPtr number(BN_secure_new());
  Require(number != nullptr);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

BnPtr SecretNumber(ByteView bytes) {
  BnPtr number = SecretNumber();
  Require(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) != nullptr);
  return number;
}

SecretBytes ToBytes32(const BIGNUM* number) {
  SecretBytes bytes = SecretBytes::OfSize(32);
  Require(BN_bn2binpad(number, bytes.data(), 32) == 32);
  return bytes;
}

EcPointPtr NewPoint() {
  EcPointPtr point(EC_POINT_new(Group()));
  Require(point != nullptr);
  return point;
}

}  // namespace

// Between our affine coordinates and OpenSSL's points.
class P256Arithmetic {
 public:
  static EcPointPtr Load(const P256Point& point) {
    EcPointPtr loaded = NewPoint();
    const auto encoded = point.Uncompressed();
    Require(EC_POINT_oct2point(Group(), loaded.get(), encoded.data(), encoded.size(), Scratch()) == 1);
    return loaded;
  }

  // 04 || x || y of a point on the curve.
  static P256Point FromUncompressed(const uint8_t* encoded) {
    P256Point stored;
    std::memcpy(stored.coordinates_.data(), encoded + 1, stored.coordinates_.size());
    return stored;
  }

  static std::optional<P256Point> Store(const EC_POINT* point) {
    if (EC_POINT_is_at_infinity(Group(), point) == 1) return std::nullopt;
    uint8_t encoded[P256Point::kUncompressedSize];
    Require(EC_POINT_point2oct(Group(), point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded,
                               Scratch()) == sizeof encoded);
    return FromUncompressed(encoded);
  }
};

const P256Point& P256Point::Generator() {
  static const P256Point generator = *P256Arithmetic::Store(EC_GROUP_get0_generator(Group()));
  return generator;
}

absl::StatusOr<P256Point> P256Point::Parse(ByteView encoded) {
  const bool compressed = encoded.size() == kCompressedSize && (encoded[0] == 0x02 || encoded[0] == 0x03);
  const bool uncompressed = encoded.size() == kUncompressedSize && encoded[0] == 0x04;
  if (!compressed && !uncompressed) {
    return absl::InvalidArgumentError(
        "not a SEC 1 encoding of a P-256 point (33 bytes 02/03, or 65 bytes 04)");
  }
  EcPointPtr point = NewPoint();
  if (EC_POINT_oct2point(Group(), point.get(), encoded.data(), encoded.size(), Scratch()) != 1) {
    ERR_clear_error();  // an entry left behind fails the thread's next TLS call
    return absl::InvalidArgumentError("the point is not on the curve P-256");
  }
  // OpenSSL has taken the coordinates as they stand, so they need not be worked out of the point again, which
  // would cost six times as much as the check.
  if (uncompressed) return P256Arithmetic::FromUncompressed(encoded.data());
  return *P256Arithmetic::Store(point.get());
}

absl::StatusOr<P256Point> P256Point::ParseCompressed(ByteView encoded) {
  if (encoded.size() != kCompressedSize || (encoded[0] != 0x02 && encoded[0] != 0x03)) {
    return absl::InvalidArgumentError(
        "not a compressed P-256 point: it has 33 bytes, of which the first is 02 or 03");
  }
  return Parse(encoded);
}

absl::StatusOr<P256Point> P256Point::LiftX(ByteView x) {
  if (x.size() != 32) return absl::InvalidArgumentError("an x coordinate of P-256 has 32 bytes");
  uint8_t encoded[kCompressedSize] = {0x02};
  std::memcpy(encoded + 1, x.data(), 32);
  return Parse(encoded);
}

absl::StatusOr<P256Point> P256Point::FromAffine(ByteView x, ByteView y) {
  if (x.size() != 32 || y.size() != 32) {
    return absl::InvalidArgumentError("a coordinate of P-256 has 32 bytes");
  }
  uint8_t encoded[kUncompressedSize] = {0x04};
  std::memcpy(encoded + 1, x.data(), 32);
  std::memcpy(encoded + 33, y.data(), 32);
  return Parse(encoded);
}

std::array<uint8_t, P256Point::kCompressedSize> P256Point::Compressed() const {
  std::array<uint8_t, kCompressedSize> out;
  out[0] = static_cast<uint8_t>(0x02 | (coordinates_[63] & 1));
  std::memcpy(out.data() + 1, coordinates_.data(), 32);
  return out;
}

std::array<uint8_t, P256Point::kUncompressedSize> P256Point::Uncompressed() const {
  std::array<uint8_t, kUncompressedSize> out;
  out[0] = 0x04;
  std::memcpy(out.data() + 1, coordinates_.data(), 64);
  return out;
}

P256Point P256Point::Negated() const {
  // (x, p - y), which is what OpenSSL does, but for the way to its points and back. No point has y = 0, as
  // the order is odd.
  static const BIGNUM* const field = EC_GROUP_get0_field(Group());
  const BnPtr y(BN_bin2bn(coordinates_.data() + 32, 32, nullptr));
  P256Point negated = *this;
  Require(y != nullptr && BN_sub(y.get(), field, y.get()) == 1 &&
          BN_bn2binpad(y.get(), negated.coordinates_.data() + 32, 32) == 32);
  return negated;
}

std::optional<P256Point> P256Point::Plus(const P256Point& other) const {
  EcPointPtr sum = NewPoint();
  const EcPointPtr a = P256Arithmetic::Load(*this);
  const EcPointPtr b = P256Arithmetic::Load(other);
  Require(EC_POINT_add(Group(), sum.get(), a.get(), b.get(), Scratch()) == 1);
  return P256Arithmetic::Store(sum.get());
}

P256Point P256Point::Times(const P256Scalar& scalar) const {
  const EcPointPtr product = NewPoint();
  const BnPtr factor = SecretNumber(scalar.SecretBytesView());
  if (*this == Generator()) {  // OpenSSL has tables for it
    Require(EC_POINT_mul(Group(), product.get(), factor.get(), nullptr, nullptr, Scratch()) == 1);
  } else {
    const EcPointPtr base = P256Arithmetic::Load(*this);
    Require(EC_POINT_mul(Group(), product.get(), nullptr, base.get(), factor.get(), Scratch()) == 1);
  }
  // The group has prime order and the scalar is not 0 modulo it: the product is not the identity.
  return *P256Arithmetic::Store(product.get());
}

absl::StatusOr<P256Scalar> P256Scalar::Parse(ByteView bytes) {
  if (bytes.size() != 32) return absl::InvalidArgumentError("a P-256 scalar has 32 bytes");
  const BnPtr number = SecretNumber(bytes);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), Order()) >= 0) {
    return absl::InvalidArgumentError("a P-256 scalar lies in 1..n-1");
  }
  return P256Scalar(SecretBytes::CopyOf(bytes));
}

std::optional<P256Scalar> P256Scalar::Reduce(ByteView bytes) {
  Require(bytes.size() <= 64);
  const BnPtr number = SecretNumber(bytes);
  const BnPtr reduced = SecretNumber();
  Require(BN_nnmod(reduced.get(), number.get(), Order(), Scratch()) == 1);
  if (BN_is_zero(reduced.get())) return std::nullopt;
  return P256Scalar(ToBytes32(reduced.get()));
}

P256Scalar P256Scalar::ReduceToNonZero(ByteView bytes) {
  Require(bytes.size() <= 64);
  const BnPtr number = SecretNumber(bytes);
  const BnPtr reduced = SecretNumber();
  const BnPtr modulus(BN_dup(Order()));
  Require(modulus != nullptr && BN_sub_word(modulus.get(), 1) == 1);
  Require(BN_nnmod(reduced.get(), number.get(), modulus.get(), Scratch()) == 1);
  Require(BN_add_word(reduced.get(), 1) == 1);
  return P256Scalar(ToBytes32(reduced.get()));
}

P256Scalar P256Scalar::Random() {
  const BnPtr number = SecretNumber();
  do {
    Require(BN_priv_rand_range_ex(number.get(), Order(), 0, Scratch()) == 1);
  } while (BN_is_zero(number.get()));
  return P256Scalar(ToBytes32(number.get()));
}

P256Scalar P256Scalar::Inverse() const {
  const BnPtr number = SecretNumber(bytes_.view());
  const BnPtr inverse = SecretNumber();
  Require(BN_mod_inverse(inverse.get(), number.get(), Order(), Scratch()) != nullptr);
  return P256Scalar(ToBytes32(inverse.get()));
}

P256Scalar P256Scalar::Times(const P256Scalar& other) const {
  const BnPtr a = SecretNumber(bytes_.view());
  const BnPtr b = SecretNumber(other.bytes_.view());
  const BnPtr product = SecretNumber();
  Require(BN_mod_mul(product.get(), a.get(), b.get(), Order(), Scratch()) == 1);
  return P256Scalar(ToBytes32(product.get()));
}

}  // namespace labrec
