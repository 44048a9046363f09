#include "tools/bench/device_bound.h"

#include <algorithm>
#include <array>
#include <functional>
#include <thread>
#include <vector>

#include "hsm/base/p256.h"
#include "hsm/base/status_macros.h"

namespace labrec::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::vector<P256Point> RandomPoints(size_t count) {
  std::vector<P256Point> points;
  for (size_t i = 0; i < count; ++i) points.push_back(P256Point::Generator().Times(P256Scalar::Random()));
  return points;
}

// Runs `round` until the time is over or `most` operations are done; it says how many it did. Operations per
// second.
absl::StatusOr<double> Rate(std::chrono::milliseconds duration,
                            const std::function<absl::StatusOr<size_t>()>& round,
                            uint64_t most = kUnlimited) {
  const auto start = SteadyClock::now();
  uint64_t operations = 0;
  while (SteadyClock::now() - start < duration && operations < most) {
    LABREC_ASSIGN_OR_RETURN(const size_t done, round());
    operations += done;
  }
  return static_cast<double>(operations) / std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// The size of a record's derivation input with names of ordinary length.
const Bytes kDerivationInput(120, 'd');

absl::StatusOr<size_t> RecoverGroup(hsm::Device& device, const std::vector<P256Point>& points) {
  for (size_t i = 0; i < points.size(); ++i) {
    if (auto d = device.derivation_key()->Derive(kDerivationInput); !d.ok()) return d.status();
  }
  if (auto evaluated = device.evaluation_key()->Evaluate(points); !evaluated.ok()) return evaluated.status();
  return points.size();
}

}  // namespace

absl::StatusOr<double> DeviceBound(hsm::Device& device, std::chrono::milliseconds duration) {
  const auto points = RandomPoints(device.evaluation_key()->preferred_batch());
  const auto threads = static_cast<size_t>(device.parallelism());
  std::vector<absl::StatusOr<double>> rates(threads, 0.0);
  std::vector<std::thread> running;
  for (size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { rates[i] = Rate(duration, [&] { return RecoverGroup(device, points); }); });
  }
  for (auto& thread : running) thread.join();
  double sum = 0;
  for (const auto& rate : rates) {
    if (!rate.ok()) return rate.status();
    sum += *rate;
  }
  return sum;
}

absl::StatusOr<double> EvaluationsPerSecond(hsm::Device& device, size_t group,
                                            std::chrono::milliseconds duration) {
  const auto points = RandomPoints(group);
  return Rate(duration, [&]() -> absl::StatusOr<size_t> {
    if (auto evaluated = device.evaluation_key()->Evaluate(points); !evaluated.ok())
      return evaluated.status();
    return points.size();
  });
}

absl::StatusOr<double> DerivationsPerSecond(hsm::Device& device, std::chrono::milliseconds duration) {
  return Rate(duration, [&]() -> absl::StatusOr<size_t> {
    if (auto d = device.derivation_key()->Derive(kDerivationInput); !d.ok()) return d.status();
    return 1;
  });
}

absl::StatusOr<double> RandomReadsPerSecond(hsm::Device& device, std::chrono::milliseconds duration) {
  return Rate(duration, [&]() -> absl::StatusOr<size_t> {
    std::array<uint8_t, 32> bytes{};
    LABREC_RETURN_IF_ERROR(device.random()->Fill(bytes));
    return 1;
  });
}

absl::StatusOr<double> AnchorsPerSecond(hsm::Device& device, std::chrono::milliseconds duration,
                                        uint64_t most) {
  hsm::FreshnessAnchor& anchor = *device.freshness_anchor();
  LABREC_RETURN_IF_ERROR(anchor.Claim());
  LABREC_ASSIGN_OR_RETURN(uint64_t epoch, anchor.CurrentEpoch());
  return Rate(
      duration,
      [&]() -> absl::StatusOr<size_t> {
        ++epoch;
        if (auto evidence = anchor.Prepare(epoch, Digest{}); !evidence.ok()) return evidence.status();
        LABREC_RETURN_IF_ERROR(anchor.Commit(epoch));
        return 1;
      },
      most);
}

}  // namespace labrec::bench
