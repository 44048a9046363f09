#include "tests/vectors/conformance/floor.h"

#include "recovery/api/request_bytes.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/signature.h"

namespace labrec::conformance {
namespace {

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
