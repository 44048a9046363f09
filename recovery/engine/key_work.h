#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/device.h"
#include "recovery/engine/device_executor.h"
#include "recovery/engine/device_health.h"

namespace labrec::recovery {

// Elements to evaluate under one record's key, k * t_rec.
struct EvaluationJob {
  Bytes derivation_input;           // pin::RecordDerivationInput of the record's version
  std::vector<P256Point> elements;  // 1 or 2
  std::function<void(absl::StatusOr<std::vector<P256Point>>)> done;
};

// What the realm's keys do, on the threads of the device. d, and the tweak made of it, live only while a job
// runs. `done` functions are called from those threads; errors are UNAVAILABLE while the device is away or
// has no room, and INTERNAL for all else that is wrong with it. Any thread may call; device, executor and
// health outlive this object and the jobs.
class KeyWork {
 public:
  KeyWork(hsm::Device& device, DeviceExecutor& executor, DeviceHealth& health)
      : device_(device), executor_(executor), health_(health) {}

  // Evaluates in groups that suit the device, and spreads them over its threads. Each job is answered as soon
  // as its group is done.
  void Evaluate(std::vector<EvaluationJob> jobs);
  // OK if the device answers; waits for it. Not from one of its threads.
  absl::Status Probe();
  bool away() const { return health_.away(); }
  // d = HMAC_device(K_derive, input).
  void Derive(Bytes derivation_input, std::function<void(absl::StatusOr<SecretBytes>)> done);

 private:
  size_t GroupSize(size_t elements) const;
  void EvaluateGroup(std::vector<EvaluationJob>& group);
  absl::StatusOr<std::vector<P256Point>> Tweaked(const EvaluationJob& job);

  hsm::Device& device_;
  DeviceExecutor& executor_;
  DeviceHealth& health_;
};

// The evaluations that a commit allowed. They start together, so that they can be grouped.
class EvaluationBatch {
 public:
  explicit EvaluationBatch(KeyWork& keys) : keys_(keys) {}

  KeyWork& keys() { return keys_; }
  void Add(EvaluationJob job) { jobs_.push_back(std::move(job)); }
  void Start() { keys_.Evaluate(std::move(jobs_)); }

 private:
  KeyWork& keys_;
  std::vector<EvaluationJob> jobs_;
};

}  // namespace labrec::recovery
