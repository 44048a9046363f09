#include "tests/simulation/bus.h"

#include <optional>

namespace labrec::sim {
namespace {

constexpr int64_t kSecond = 1000 * kMilli;

absl::Status Away() {
  return absl::UnavailableError("the model of a device is away");
}

// Faults that keep the command from the chip, with what the host hears.
std::optional<absl::Status> Instead(DeviceFault fault, Process& process, int64_t now) {
  switch (fault) {
    case DeviceFault::kShortOutage:
      process.device_away_until = now + static_cast<int64_t>(process.dice.Between(1, 60)) * kMilli;
      return Away();
    case DeviceFault::kLongOutage:
      process.device_away_until = now + static_cast<int64_t>(process.dice.Between(60, 600)) * kSecond;
      return Away();
    case DeviceFault::kAwayBefore:
      return Away();
    case DeviceFault::kInternal:
      return absl::InternalError("the model of a device failed");
    case DeviceFault::kDenied:
      return absl::PermissionDeniedError("the model of a device refused the authorisation");
    case DeviceFault::kKeysGone:
      return absl::FailedPreconditionError("another model of a device stands there");
    case DeviceFault::kImpossible:
      return absl::DataLossError("the model of a device gave an impossible answer");
    case DeviceFault::kNoMemory:
      return absl::ResourceExhaustedError("the model of a device has no free slot");
    case DeviceFault::kCancelled:
      return absl::CancelledError("the model of a device was told to stop");
    default:
      return std::nullopt;
  }
}

// What the host hears of a command that was done.
absl::Status Afterwards(DeviceFault fault, const absl::Status& done) {
  switch (fault) {
    case DeviceFault::kAnswerLost:
      return Away();
    case DeviceFault::kInternalDone:
      return absl::InternalError("the model of a device failed, after it had acted");
    case DeviceFault::kCancelledDone:
      return absl::CancelledError("the model of a device was told to stop, after it had acted");
    default:
      return done;
  }
}

}  // namespace

absl::Status SimulatedBus::Command(const char* what, Kind kind, absl::FunctionRef<absl::Status()> act) {
  Process* process = universe_.Caller();
  const uint64_t step = universe_.BeginStep(process, what);
  if (step == 0) return Away();
  Scheduler& scheduler = universe_.scheduler();
  if (process != nullptr && scheduler.now() < process->device_away_until) return Away();
  const DeviceFault fault = universe_.DrawDevice(process, kind == Kind::kWrites);
  if (process != nullptr) {
    if (std::optional<absl::Status> instead = Instead(fault, *process, scheduler.now())) return *instead;
  }
  if (fault == DeviceFault::kPaused) {
    scheduler.Sleep(static_cast<int64_t>(process->dice.Between(1, 60)) * kMilli);
  }
  scheduler.Sleep(fault == DeviceFault::kSlow ? 3 * kSecond : nanos_ / 2);
  if (process != nullptr && process->dead) return Away();
  const absl::Status done = fault == DeviceFault::kSilentlyNotDone ? absl::OkStatus() : act();
  universe_.EndStep(process, step);
  scheduler.Sleep(nanos_ / 2);
  return Afterwards(fault, done);
}

}  // namespace labrec::sim
