#pragma once

#include <array>
#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec {

class P256Scalar;

// A point of the curve P-256 (SEC 2, secp256r1) other than the identity, as affine coordinates.
// A value type for public points: it is copied freely and not wiped. Any thread.
class P256Point {
 public:
  static constexpr size_t kCompressedSize = 33;
  static constexpr size_t kUncompressedSize = 65;

  // The generator G.
  static const P256Point& Generator();
  // SEC 1, section 2.3.4: 33-byte compressed or 65-byte uncompressed form. INVALID_ARGUMENT if the length or
  // prefix is another, a coordinate is not reduced, or the point is not on the curve or is the identity.
  static absl::StatusOr<P256Point> Parse(ByteView encoded);
  static absl::StatusOr<P256Point> ParseCompressed(ByteView encoded);
  // The point with this x (32 bytes) and an even y. INVALID_ARGUMENT if no such point exists.
  static absl::StatusOr<P256Point> LiftX(ByteView x);
  static absl::StatusOr<P256Point> FromAffine(ByteView x, ByteView y);

  ByteView x() const { return ByteView(coordinates_).first(32); }
  ByteView y() const { return ByteView(coordinates_).last(32); }
  std::array<uint8_t, kCompressedSize> Compressed() const;
  std::array<uint8_t, kUncompressedSize> Uncompressed() const;

  P256Point Negated() const;
  // The sum, or nullopt if it is the identity.
  std::optional<P256Point> Plus(const P256Point& other) const;
  // scalar * this. Constant time in the scalar as far as OpenSSL's nistz256 code is on this machine.
  P256Point Times(const P256Scalar& scalar) const;

  bool operator==(const P256Point&) const = default;

 private:
  friend class P256Arithmetic;
  std::array<uint8_t, 64> coordinates_{};
};

// An integer from 1 to n-1, n being the order of the group: a secret (a key, a blind), wiped on release.
// Arithmetic uses OpenSSL's BN_FLG_CONSTTIME paths; the final reductions of BN_mod_mul are not promised to be
// free of timing differences.
class P256Scalar {
 public:
  // 32 bytes, big-endian. INVALID_ARGUMENT if it is 0 or not below n.
  static absl::StatusOr<P256Scalar> Parse(ByteView bytes);
  // A big-endian integer of any length, at most 64 bytes, reduced modulo n; nullopt in the negligible case 0.
  static std::optional<P256Scalar> Reduce(ByteView bytes);
  // A big-endian integer reduced into 1..n-1: (value mod (n-1)) + 1 (FIPS 186-5, A.2.1).
  static P256Scalar ReduceToNonZero(ByteView bytes);
  // Uniform in 1..n-1.
  static P256Scalar Random();

  P256Scalar Clone() const { return P256Scalar(bytes_.Clone()); }
  P256Scalar Inverse() const;
  P256Scalar Times(const P256Scalar& other) const;
  // 32 bytes, big-endian. The name is there to be searched for.
  ByteView SecretBytesView() const { return bytes_.view(); }

 private:
  explicit P256Scalar(SecretBytes bytes) : bytes_(std::move(bytes)) {}
  SecretBytes bytes_;
};

}  // namespace labrec
