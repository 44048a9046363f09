#pragma once

#include "absl/status/status.h"

#include "hsm/random.h"

namespace labrec::recovery {

// Mixes 64 bytes of a device's random generator into OpenSSL's public and private ones: nonces and challenges
// then stay unpredictable if either source is bad. Errors are the device's.
absl::Status SeedFromDevice(hsm::Random& random);

}  // namespace labrec::recovery
