#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/period_keys.h"
#include "recovery/store/sealed/opened_bucket.h"

namespace labrec::recovery {

// A realm's period keys as a process uses them: their secrets are in memory while it runs, as a use of the
// device for each read would cost more than the read. Threads: any.
class PeriodRing {
 public:
  explicit PeriodRing(hsm::PeriodKeys& device) : device_(device) {}

  // Takes what the device holds now, and nothing else. Errors: the device's.
  absl::Status Load();
  // Makes the next key and takes it: the current one from now on.
  absl::Status MakeNext(int64_t now_ms);
  // Destroys every key that is less than the current one. A greater one is of a process that took the realm
  // over, and is not touched.
  absl::Status DestroyEarlier();

  // The greatest one; nullopt: the device holds none, and nothing is sealed.
  std::optional<hsm::PeriodKeyId> current() const;
  std::vector<hsm::PeriodKeyId> ids() const;
  uint64_t device_writes() const { return device_.writes(); }

  // What the directory of a bucket is sealed with. DATA_LOSS: the device holds no such key.
  absl::StatusOr<SecretBytes> BucketKey(const SealedUnder& under, uint32_t bucket) const;

 private:
  struct Held {
    hsm::PeriodKeyId id;
    SecretBytes secret;
  };
  absl::StatusOr<Held> Use(const hsm::PeriodKeyId& id) const;

  hsm::PeriodKeys& device_;
  mutable std::shared_mutex mutex_;  // of what follows; never held during a call of the device
  std::vector<Held> held_;           // ascending
};

}  // namespace labrec::recovery
