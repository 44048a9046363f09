#include "tests/support/realm/ready_signer.h"

#include <algorithm>
#include <cstdlib>

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "hsm/base/hash.h"

namespace labrec::test {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

BnPtr Number(ByteView bytes) {
  BnPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  Require(number != nullptr);
  return number;
}

BnPtr OrderOfP256() {
  EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  Require(group != nullptr);
  BnPtr order(BN_dup(EC_GROUP_get0_order(group)));
  EC_GROUP_free(group);
  return order;
}

}  // namespace

ReadySigner::ReadySigner(const EcdsaPrivateKey& key, size_t nonces)
    : order_(OrderOfP256()), scratch_(BN_CTX_new()) {
  const BnPtr d = Number(key.SecretScalar().SecretBytesView());
  while (nonces_.size() < nonces) {
    const P256Scalar k = P256Scalar::Random();
    const BnPtr r = Number(P256Point::Generator().Times(k).x());
    Require(BN_nnmod(r.get(), r.get(), order_.get(), scratch_.get()) == 1);
    if (BN_is_zero(r.get())) continue;
    Nonce nonce{{}, Number(k.Inverse().SecretBytesView()), BnPtr(BN_new())};
    Require(BN_mod_mul(nonce.r_and_key.get(), r.get(), d.get(), order_.get(), scratch_.get()) == 1);
    Require(BN_bn2binpad(r.get(), nonce.r.data(), 32) == 32);
    nonces_.push_back(std::move(nonce));
  }
}

std::array<uint8_t, 64> ReadySigner::Sign(ByteView message) {
  const Nonce& nonce = nonces_[next_++ % nonces_.size()];
  const BnPtr s = Number(Sha256(message));
  Require(BN_mod_add(s.get(), s.get(), nonce.r_and_key.get(), order_.get(), scratch_.get()) == 1);
  Require(BN_mod_mul(s.get(), s.get(), nonce.inverse.get(), order_.get(), scratch_.get()) == 1);
  std::array<uint8_t, 64> signature;
  std::ranges::copy(nonce.r, signature.begin());
  Require(BN_bn2binpad(s.get(), signature.data() + 32, 32) == 32);
  return signature;
}

}  // namespace labrec::test
