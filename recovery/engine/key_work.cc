#include "recovery/engine/key_work.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"

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

// What is told to who asked. A guess may have been counted by now, and the device's own codes would say
// otherwise: RESOURCE_EXHAUSTED of a TPM without a free slot would read "busy, nothing was done".
absl::Status ForCaller(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status)) return status;
  if (absl::IsResourceExhausted(status)) {
    return absl::UnavailableError("the realm's security device has no room at present: send the same again");
  }
  return absl::InternalError("the realm's security device failed: send the same again");
}

}  // namespace

size_t KeyWork::GroupSize(size_t elements) const {
  const auto threads = static_cast<size_t>(executor_.threads());
  const size_t share = (elements + threads - 1) / threads;
  return std::clamp<size_t>(share, 1, std::max<size_t>(1, device_.evaluation_key()->preferred_batch()));
}

void KeyWork::Evaluate(std::vector<EvaluationJob> jobs) {
  const size_t group_size = GroupSize(CountElements(jobs));
  std::vector<EvaluationJob> group;
  for (auto job = jobs.begin(); job != jobs.end(); ++job) {
    group.push_back(std::move(*job));
    const size_t units = CountElements(group);
    if (units < group_size && job + 1 != jobs.end()) continue;
    executor_.Submit(JobKind::kEvaluation, units,
                     [this, group = std::exchange(group, {})]() mutable { EvaluateGroup(group); });
  }
}

absl::StatusOr<std::vector<P256Point>> KeyWork::Tweaked(const EvaluationJob& job) {
  LABREC_ASSIGN_OR_RETURN(SecretBytes d, device_.derivation_key()->Derive(job.derivation_input));
  const P256Scalar tweak = pin::RecordTweak(d);
  d.Clear();
  std::vector<P256Point> tweaked;
  for (const P256Point& element : job.elements) tweaked.push_back(element.Times(tweak));
  return tweaked;
}

void KeyWork::EvaluateGroup(std::vector<EvaluationJob>& group) {
  std::vector<P256Point> points;
  absl::Status status;
  for (const EvaluationJob& job : group) {
    absl::StatusOr<std::vector<P256Point>> tweaked = Tweaked(job);
    status.Update(tweaked.status());
    if (!status.ok()) break;
    points.insert(points.end(), tweaked->begin(), tweaked->end());
  }
  if (status.ok()) {
    absl::StatusOr<std::vector<P256Point>> evaluated = device_.evaluation_key()->Evaluate(points);
    status = evaluated.status();
    if (status.ok()) points = *std::move(evaluated);
  }
  health_.Note(status);
  LogFault(status);
  status = ForCaller(status);
  auto next = points.begin();
  for (EvaluationJob& job : group) {
    if (!status.ok()) {
      job.done(status);
      continue;
    }
    const auto end = next + static_cast<std::ptrdiff_t>(job.elements.size());
    job.done(std::vector<P256Point>(next, end));
    next = end;
  }
}

absl::Status KeyWork::Probe() {
  absl::Status status;
  executor_.Run(
      JobKind::kDerivation, [&] { status = device_.derivation_key()->Derive(AsBytes("probe")).status(); },
      DeviceExecutor::Place::kFront);
  health_.Note(status);
  return status;
}

void KeyWork::Derive(Bytes derivation_input, std::function<void(absl::StatusOr<SecretBytes>)> done) {
  executor_.Submit(JobKind::kDerivation, 1,
                   [this, input = std::move(derivation_input), done = std::move(done)] {
                     absl::StatusOr<SecretBytes> d = device_.derivation_key()->Derive(input);
                     health_.Note(d.status());
                     LogFault(d.status());
                     if (!d.ok()) return done(ForCaller(d.status()));
                     done(std::move(d));
                   });
}

}  // namespace labrec::recovery
