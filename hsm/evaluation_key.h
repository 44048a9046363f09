#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"

namespace labrec::hsm {

// A P-256 key k, made in a device, that never leaves it: the device multiplies points by k.
//
// Promised: the result is the whole point k*B, sign of y included, and was computed by the key whose public
// key is public_key(). Not promised: any limit on how often it is used; the ledger counts.
class EvaluationKey {
 public:
  virtual ~EvaluationKey() = default;

  // Q = k*G, as pinned when the key was made.
  virtual const P256Point& public_key() const = 0;

  // k*B for each element, in order. All or nothing. UNAVAILABLE: the device is away, try later;
  // DATA_LOSS: the device answered with a point that cannot be k*B.
  // Threads: at most Device::parallelism() calls at a time.
  virtual absl::StatusOr<std::vector<P256Point>> Evaluate(std::span<const P256Point> elements) = 0;

  // How many elements in one call cost the device least per element (at least 1).
  virtual size_t preferred_batch() const = 0;
};

}  // namespace labrec::hsm
