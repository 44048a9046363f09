#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::hsm {

// Which period key. Those of one realm are ordered: the greatest is the current one.
struct PeriodKeyId {
  uint64_t number = 0;             // one more with each
  uint64_t made_at_ms = 0;         // by the host's clock then; for people and schedules
  std::array<uint8_t, 8> nonce{};  // tells it from one that another process made at the same time
  auto operator<=>(const PeriodKeyId&) const = default;
};

// Keys that live for a while, and whose end is the end of all that was sealed under them, wherever copies of
// that are. A realm has one, and two while it goes from one to the next.
//
// Promised: after Destroy returned OK nobody gets this key's secret from the device any more. Not promised:
// that whoever used the device before did not keep it; and what is said of destroyed keys in
// docs/threat_model.md, "Assumptions".
//
// UNAVAILABLE: the device is away, or it is not known whether it did it: ask List. Threads: any.
class PeriodKeys {
 public:
  virtual ~PeriodKeys() = default;

  // Those that are there, in ascending order.
  virtual absl::StatusOr<std::vector<PeriodKeyId>> List() = 0;

  // Makes one, with a fresh nonce. RESOURCE_EXHAUSTED: the device has no room.
  virtual absl::StatusOr<PeriodKeyId> Make(uint64_t number, uint64_t made_at_ms) = 0;

  // 32 secret bytes, always the same ones of one key. NOT_FOUND: there is no such key.
  virtual absl::StatusOr<SecretBytes> Use(const PeriodKeyId& id) = 0;

  // OK too if it is gone already. Never destroys another key, whoever made what meanwhile.
  virtual absl::Status Destroy(const PeriodKeyId& id) = 0;

  // Durable writes of the device by this object.
  virtual uint64_t writes() const = 0;
};

}  // namespace labrec::hsm
