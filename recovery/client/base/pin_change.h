#pragma once

#include <variant>

#include "recovery/client/base/outcome.h"
#include "recovery/client/base/seal_request.h"

namespace labrec::recovery::client {

// What a change of PIN came to: an answer, not an error.
using PinChange = std::variant<Sealed, WrongPin, LockedUntil, UsedUp, Destroyed, NotRegistered>;

}  // namespace labrec::recovery::client
