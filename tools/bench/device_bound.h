#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"

#include "hsm/device.h"

namespace labrec::bench {

inline constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

// Recoveries per second that `device` alone allows: a bare loop on Device::parallelism() threads issues, back
// to back, the device commands of a recovery (derive and evaluate for Evaluate, none for Unlock),
// evaluations in groups of preferred_batch(), and nothing else.
absl::StatusOr<double> DeviceBound(hsm::Device& device, std::chrono::milliseconds duration);

// Operations per second of one kind, on one thread.
absl::StatusOr<double> EvaluationsPerSecond(hsm::Device& device, size_t group,
                                            std::chrono::milliseconds duration);
absl::StatusOr<double> DerivationsPerSecond(hsm::Device& device, std::chrono::milliseconds duration);
absl::StatusOr<double> RandomReadsPerSecond(hsm::Device& device, std::chrono::milliseconds duration);
// Prepare and Commit of one epoch after the other, `most` times at most: each is a durable write, which wears
// hardware out. Claims the anchor.
absl::StatusOr<double> AnchorsPerSecond(hsm::Device& device, std::chrono::milliseconds duration,
                                        uint64_t most = kUnlimited);

}  // namespace labrec::bench
