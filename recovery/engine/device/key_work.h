#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/device.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/health.h"
#include "recovery/engine/device/host_work.h"

namespace labrec::recovery {

// Elements to evaluate under one record's key, k * t_rec.
struct EvaluationJob {
  Bytes derivation_input;           // pin::RecordDerivationInput of the record's version
  std::vector<P256Point> elements;  // 1 or 2
  // Gets the version's seal key besides, which comes from the same derivation; empty with an error.
  std::function<void(absl::StatusOr<std::vector<P256Point>>, const SecretBytes& seal_key)> done;
};

// What the realm's keys do, on the threads of the device and of the host. d, and the tweak made of it, live
// only while a step of a job runs; the seal key until the job is answered. `done` functions are called from
// those threads; errors are UNAVAILABLE while the device is away or has no room, and INTERNAL for all else
// that is wrong with it. Any thread may call; device, executor, host and health outlive this object.
class KeyWork {
 public:
  // Jobs that are evaluated in one call of the device.
  class Group;

  KeyWork(hsm::Device& device, DeviceExecutor& executor, HostWork& host, DeviceHealth& health)
      : device_(device), executor_(executor), host_(host), health_(health) {}
  ~KeyWork() { Finish(); }

  // Forms groups that suit the device, spread over its threads, and begins the first half of their work: the
  // tweak of each job is derived, its elements are multiplied by it.
  std::vector<std::shared_ptr<Group>> Tweak(std::vector<EvaluationJob> jobs);
  // The second half: the group is evaluated when its tweaks are there. Each of its jobs is answered then. A
  // group that is never released never says anything.
  void Release(std::shared_ptr<Group> group);
  // OK if the device answers; waits for it. Not from one of its threads.
  absl::Status Probe();
  bool away() const { return health_.away(); }
  // Waits until nothing is under way.
  void Finish();
  // d = HMAC_device(K_derive, input).
  void Derive(Bytes derivation_input, std::function<void(absl::StatusOr<SecretBytes>)> done);

 private:
  // Counts what is under way.
  class UnderWay;

  size_t GroupSize(size_t elements) const;
  // What follows a call of the device: beside the device's thread if that has more to do.
  void Follow(absl::AnyInvocable<void()> job);
  void StartTweaks(const std::shared_ptr<Group>& group);
  void HalfDone(const std::shared_ptr<Group>& group);
  void Evaluate(const std::shared_ptr<Group>& group);

  hsm::Device& device_;
  DeviceExecutor& executor_;
  HostWork& host_;
  DeviceHealth& health_;
  std::mutex mutex_;
  std::condition_variable ended_;
  size_t under_way_ = 0;
};

// The evaluations that a commit allows. They start together, so that they can be grouped; and in two steps,
// so that the device has something to do while storage is written:
//   1. Tweak: tweaks are derived and the elements multiplied by them. Nothing of it leaves the process, and
//      none of it is an evaluation: without k it says nothing about any PIN.
//   2. Release, once the batch is durable and anchored: the evaluations.
// What was not released when the batch ends is dropped. The commit thread.
class EvaluationBatch {
 public:
  explicit EvaluationBatch(KeyWork& keys) : keys_(keys) {}

  // Before Tweak.
  void Add(EvaluationJob job) { jobs_.push_back(std::move(job)); }
  void Tweak() { groups_ = keys_.Tweak(std::move(jobs_)); }
  void Release() {
    for (auto& group : groups_) keys_.Release(std::move(group));
    groups_.clear();
  }

 private:
  KeyWork& keys_;
  std::vector<EvaluationJob> jobs_;
  std::vector<std::shared_ptr<KeyWork::Group>> groups_;
};

}  // namespace labrec::recovery
