#include "tests/simulation/world/universe.h"

#include <string_view>

namespace labrec::sim {
namespace {

Universe* present = nullptr;

// The command of either anchor that makes the next epoch current.
bool Counts(std::string_view command) {
  return command == "increment" || command == "destroy key";
}

}  // namespace

Universe::Universe(Scheduler& scheduler, Disk& disk, Dice dice)
    : scheduler_(scheduler), disk_(disk), dice_(dice), entropy_(dice_.Branch(1)) {
  present = this;
}

Universe::~Universe() {
  present = nullptr;
}

Universe* Universe::Mine() {
  return Scheduler::Mine() == nullptr ? nullptr : present;
}

Process& Universe::NewProcess(std::filesystem::path folder) {
  auto process = std::make_unique<Process>();
  process->id = static_cast<int>(processes_.size()) + 1;
  process->folder = std::move(folder);
  process->dice = dice_.Branch(static_cast<uint64_t>(process->id));
  processes_.push_back(std::move(process));
  return *processes_.back();
}

Process* Universe::Caller() {
  const int id = scheduler_.process();
  return id == 0 ? nullptr : processes_[static_cast<size_t>(id) - 1].get();
}

Universe::Inside::Inside(Universe& universe, const Process& process)
    : universe_(universe), before_(universe.scheduler().process()) {
  universe_.scheduler().set_process(process.id);
}

Universe::Inside::~Inside() {
  universe_.scheduler().set_process(before_);
}

uint64_t Universe::BeginStep(Process* process, const char* what, uint64_t a, uint64_t b) {
  scheduler_.MayPreempt();
  scheduler_.Note(what, a, b);
  if (process == nullptr) return 1;
  if (process->dead) return 0;
  const uint64_t step = ++process->steps;
  if (step == process->dies_at && !process->dies_after) {
    process->dead = true;
    scheduler_.Note("dies before", step);
    return 0;
  }
  if (Counts(what) && process->counts_left >= 0 && process->counts_left-- == 0) {
    process->dead = true;
    scheduler_.Note("dies before it counts", step);
    return 0;
  }
  return step;
}

void Universe::EndStep(Process* process, uint64_t step) {
  if (process != nullptr && step == process->dies_at && process->dies_after && !process->dead) {
    process->dead = true;
    scheduler_.Note("dies after", step);
  }
  scheduler_.MayPreempt();
}

IoFault Universe::Draw(Process* process, std::initializer_list<IoFault> candidates) {
  if (process == nullptr || process->dead) return IoFault::kNone;
  for (const IoFault fault : candidates) {
    if (!process->dice.Chance(process->rates.io[static_cast<size_t>(fault)])) continue;
    Count(std::string("fault, ") + NameOf(fault));
    scheduler_.Note(NameOf(fault));
    return fault;
  }
  return IoFault::kNone;
}

DeviceFault Universe::DrawDevice(Process* process, bool writes) {
  if (process == nullptr || process->dead) return DeviceFault::kNone;
  for (size_t i = 1; i < kDeviceFaults; ++i) {
    const auto fault = static_cast<DeviceFault>(i);
    if (fault == DeviceFault::kSilentlyNotDone && !writes) continue;
    if (!process->dice.Chance(process->rates.device[i])) continue;
    Count(std::string("fault, device: ") + NameOf(fault));
    scheduler_.Note(NameOf(fault));
    return fault;
  }
  return DeviceFault::kNone;
}

void Universe::Violation(const std::string& what) {
  scheduler_.Note("VIOLATION");
  violations_.push_back(what);
}

}  // namespace labrec::sim
