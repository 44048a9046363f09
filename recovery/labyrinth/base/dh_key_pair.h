#pragma once

#include "hsm/base/p256.h"

namespace labrec::recovery::labyrinth {

// A P-256 key pair for key agreement: an epoch storage key or an epoch auth key.
class DhKeyPair {
 public:
  static DhKeyPair Generate() { return DhKeyPair(P256Scalar::Random()); }
  explicit DhKeyPair(P256Scalar secret)
      : secret_(std::move(secret)), public_key_(P256Point::Generator().Times(secret_)) {}

  DhKeyPair Clone() const { return DhKeyPair(secret_.Clone()); }
  const P256Point& public_key() const { return public_key_; }
  // The name is there to be searched for.
  const P256Scalar& SecretScalar() const { return secret_; }

 private:
  P256Scalar secret_;
  P256Point public_key_;
};

}  // namespace labrec::recovery::labyrinth
