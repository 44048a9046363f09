#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "hsm/base/bytes.h"

namespace labrec::recovery::labyrinth {

// 16 bytes that name something. Member ids of devices are EcdsaPublicKey::DeviceId(), those of virtual
// devices come out of their recovery code; epoch ids are assigned by the store; message ids are random.
using Id = std::array<uint8_t, 16>;
using MemberId = Id;
using EpochId = Id;
using MessageId = Id;

// 16 bytes of the random generator.
Id RandomId();
// nullopt unless there are exactly 16 bytes.
std::optional<Id> ParseId(ByteView bytes);

}  // namespace labrec::recovery::labyrinth
