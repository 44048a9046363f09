#include "recovery/engine/device/key_work.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/device/failure.h"

namespace labrec::recovery {
namespace {

size_t CountElements(const std::vector<EvaluationJob>& jobs) {
  size_t count = 0;
  for (const EvaluationJob& job : jobs) count += job.elements.size();
  return count;
}

void LogFault(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status)) return;  // DeviceHealth speaks of the latter
  spdlog::error("the key device failed: {}", std::string(status.message()));
}

// Multiplies the job's elements by the tweak that d gives.
void MultiplyByTweak(const SecretBytes& d, EvaluationJob& job) {
  const P256Scalar tweak = pin::RecordTweak(d);
  for (P256Point& element : job.elements) element = element.Times(tweak);
}

}  // namespace

class KeyWork::UnderWay {
 public:
  explicit UnderWay(KeyWork& work) : work_(work) {
    const std::lock_guard lock(work_.mutex_);
    ++work_.under_way_;
  }
  ~UnderWay() {
    const std::lock_guard lock(work_.mutex_);
    if (--work_.under_way_ == 0) work_.ended_.notify_all();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  KeyWork& work_;
};

class KeyWork::Group {
 public:
  Group(KeyWork& work, std::vector<EvaluationJob> all) : jobs(std::move(all)), under_way_(work) {}

  void Answer(const absl::Status& failed) {
    for (EvaluationJob& job : jobs) job.done(failed, SecretBytes());
  }

  std::vector<EvaluationJob> jobs;     // their elements multiplied, once `halves` says so
  std::vector<SecretBytes> seal_keys;  // one for each
  absl::Status status;                 // of the derivations
  std::atomic<int> halves_to_come{2};  // the tweaks, and the release

 private:
  UnderWay under_way_;
};

void KeyWork::Finish() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return under_way_ == 0; });
}

size_t KeyWork::GroupSize(size_t elements) const {
  const auto threads = static_cast<size_t>(executor_.threads());
  const size_t share = (elements + threads - 1) / threads;
  return std::clamp<size_t>(share, 1, std::max<size_t>(1, device_.evaluation_key()->preferred_batch()));
}

void KeyWork::Follow(absl::AnyInvocable<void()> job) {
  if (executor_.HasWaiting()) {
    host_.Run(std::move(job));
  } else {
    job();
  }
}

std::vector<std::shared_ptr<KeyWork::Group>> KeyWork::Tweak(std::vector<EvaluationJob> jobs) {
  const size_t group_size = GroupSize(CountElements(jobs));
  std::vector<std::shared_ptr<Group>> groups;
  std::vector<EvaluationJob> group;
  for (auto job = jobs.begin(); job != jobs.end(); ++job) {
    group.push_back(std::move(*job));
    if (CountElements(group) < group_size && job + 1 != jobs.end()) continue;
    groups.push_back(std::make_shared<Group>(*this, std::exchange(group, {})));
    StartTweaks(groups.back());
  }
  return groups;
}

void KeyWork::StartTweaks(const std::shared_ptr<Group>& group) {
  executor_.Submit(JobKind::kDerivation, group->jobs.size(), [this, group] {
    std::vector<SecretBytes> ds;
    for (const EvaluationJob& job : group->jobs) {
      absl::StatusOr<SecretBytes> d = device_.derivation_key()->Derive(job.derivation_input);
      group->status = d.status();
      if (!d.ok()) break;
      ds.push_back(*std::move(d));
    }
    health_.Note(group->status);
    LogFault(group->status);
    Follow([this, group, ds = std::move(ds)] {
      for (size_t i = 0; i < ds.size(); ++i) {
        MultiplyByTweak(ds[i], group->jobs[i]);
        group->seal_keys.push_back(pin::SealKey(ds[i]));
      }
      HalfDone(group);
    });
  });
}

void KeyWork::Release(std::shared_ptr<Group> group) {
  HalfDone(group);
}

void KeyWork::HalfDone(const std::shared_ptr<Group>& group) {
  if (--group->halves_to_come > 0) return;
  if (!group->status.ok()) return group->Answer(ForCaller(group->status));
  executor_.Submit(JobKind::kEvaluation, CountElements(group->jobs), [this, group] { Evaluate(group); });
}

void KeyWork::Evaluate(const std::shared_ptr<Group>& group) {
  std::vector<P256Point> tweaked;
  for (const EvaluationJob& job : group->jobs) {
    tweaked.insert(tweaked.end(), job.elements.begin(), job.elements.end());
  }
  absl::StatusOr<std::vector<P256Point>> evaluated = device_.evaluation_key()->Evaluate(tweaked);
  health_.Note(evaluated.status());
  LogFault(evaluated.status());
  Follow([group, evaluated = std::move(evaluated)] {
    if (!evaluated.ok()) return group->Answer(ForCaller(evaluated.status()));
    auto next = evaluated->begin();
    for (size_t i = 0; i < group->jobs.size(); ++i) {
      EvaluationJob& job = group->jobs[i];
      const auto end = next + static_cast<std::ptrdiff_t>(job.elements.size());
      job.done(std::vector<P256Point>(next, end), group->seal_keys[i]);
      group->seal_keys[i].Clear();
      next = end;
    }
  });
}

absl::Status KeyWork::Probe() {
  absl::Status status;
  executor_.Run(
      JobKind::kDerivation, [&] { status = device_.derivation_key()->Derive(AsBytes("probe")).status(); },
      Turn::kNext);
  health_.Note(status);
  return status;
}

void KeyWork::Derive(Bytes derivation_input, std::function<void(absl::StatusOr<SecretBytes>)> done) {
  executor_.Submit(JobKind::kDerivation, 1,
                   [this, input = std::move(derivation_input), done = std::move(done),
                    under_way = std::make_unique<UnderWay>(*this)]() mutable {
                     absl::StatusOr<SecretBytes> d = device_.derivation_key()->Derive(input);
                     health_.Note(d.status());
                     LogFault(d.status());
                     if (!d.ok()) d = ForCaller(d.status());
                     Follow([d = std::move(d), done = std::move(done),
                             under_way = std::move(under_way)]() mutable { done(std::move(d)); });
                   });
}

}  // namespace labrec::recovery
