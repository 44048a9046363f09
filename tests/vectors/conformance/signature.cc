#include "tests/vectors/conformance/signature.h"

#include <cstdlib>

#include "hsm/base/hash.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/p256.h"

namespace labrec::conformance {
namespace {

BnPtr Number(ByteView bytes) {
  return BnPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

}  // namespace

Bytes SameEachTime(const EcdsaPrivateKey& key, ByteView message) {
  const EcGroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BIGNUM* n = EC_GROUP_get0_order(group.get());
  const Digest hash = Sha256(message);
  Bytes drawn = ToBytes(key.SecretScalar().SecretBytesView());
  drawn.insert(drawn.end(), hash.begin(), hash.end());
  const P256Scalar k = P256Scalar::ReduceToNonZero(Sha256(drawn));
  const BnCtxPtr context(BN_CTX_new());
  const BnPtr r = Number(P256Point::Generator().Times(k).x());
  const BnPtr s = Number(key.SecretScalar().SecretBytesView());
  const BnPtr e = Number(hash), inverse = Number(k.Inverse().SecretBytesView());
  const bool made = BN_nnmod(r.get(), r.get(), n, context.get()) == 1 &&
                    BN_mod_mul(s.get(), s.get(), r.get(), n, context.get()) == 1 &&
                    BN_mod_add(s.get(), s.get(), e.get(), n, context.get()) == 1 &&
                    BN_mod_mul(s.get(), s.get(), inverse.get(), n, context.get()) == 1;
  Bytes signature(64);
  if (!made || BN_bn2binpad(r.get(), signature.data(), 32) != 32 ||
      BN_bn2binpad(s.get(), signature.data() + 32, 32) != 32) {
    std::abort();
  }
  return signature;
}

}  // namespace labrec::conformance
