#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "hsm/base/bytes.h"

namespace labrec::hostile {

// The answer to such a call with as many entries in a list as no realm has: versions of a record, delays
// between guesses, devices. nullopt where the answer has no list, or nothing to make entries of.
std::optional<Bytes> WithALongList(std::string_view method, const Bytes& answer, size_t entries);

}  // namespace labrec::hostile
