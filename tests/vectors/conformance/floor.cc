#include "tests/vectors/conformance/floor.h"

#include <cstdlib>

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/p256.h"
#include "recovery/api/request_bytes.h"
#include "tests/vectors/conformance/example.h"

namespace labrec::conformance {
namespace {

BnPtr Number(ByteView bytes) {
  return BnPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// ECDSA (FIPS 186-5, section 6.4.1) whose k follows from key and message. For the kit's keys only, which are
// no secret: k is not derived as RFC 6979 has it.
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

EcdsaPrivateKey KeyOf(uint8_t byte) {
  return EcdsaPrivateKey::FromScalar(P256Scalar::Parse(Bytes(32, byte)).value());
}

}  // namespace

EcdsaPrivateKey KitDevice() {
  return KeyOf(0x55);
}

EcdsaPrivateKey KitStranger() {
  return KeyOf(0x66);
}

recovery::wire::Floor KitFloor(size_t realm, uint64_t sequence, const EcdsaPrivateKey& device) {
  recovery::wire::Floor floor;
  floor.sequence = sequence;
  floor.digest = Counting(static_cast<uint8_t>(sequence), 32);
  floor.device_id = ToBytes(device.public_key().DeviceId());
  floor.device_public_key = device.public_key().Spki();
  floor.challenge = Counting(0x90, 32);
  const Bytes id = Example::RealmId(realm);
  const Bytes body = recovery::RaiseFloorBody(Example::kRecord, sequence, floor.digest);
  floor.signature =
      SameEachTime(device, RequestBytes({id, Example::kTenant, Example::kAccount},
                                        recovery::Operation::kRaiseFloor, floor.challenge, body));
  return floor;
}

}  // namespace labrec::conformance
