#pragma once

#include <cstddef>
#include <cstdint>

#include "hsm/base/ecdsa.h"
#include "recovery/api/wire/floor_messages.h"

namespace labrec::conformance {

// The device of the kit's client, and one that nobody enrolled.
EcdsaPrivateKey KitDevice();
EcdsaPrivateKey KitStranger();

// The epoch floor of the example's record at this realm, signed by this device: the same in every run.
recovery::wire::Floor KitFloor(size_t realm, uint64_t sequence, const EcdsaPrivateKey& device);

}  // namespace labrec::conformance
