#include "recovery/engine/device/seed.h"

#include <openssl/rand.h>

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {

absl::Status SeedFromDevice(hsm::Random& random) {
  SecretBytes seed = SecretBytes::OfSize(64);
  LABREC_RETURN_IF_ERROR(random.Fill(seed.mutable_view()));
  // Additional input, not counted as entropy: the operating system's seed stays the foundation.
  RAND_add(seed.data(), static_cast<int>(seed.size()), 0.0);
  return absl::OkStatus();
}

}  // namespace labrec::recovery
