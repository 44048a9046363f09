#pragma once

#include "tests/simulation/chip/chip.h"
#include "tests/simulation/world/universe.h"

namespace labrec::sim {

// The way from simulated processes to the chip: it takes time, has faults, and ends with the process.
class SimulatedBus : public Bus {
 public:
  SimulatedBus(Universe& universe, int64_t command_nanos) : universe_(universe), nanos_(command_nanos) {}
  absl::Status Command(const char* what, Kind kind, absl::FunctionRef<absl::Status()> act) override;

 private:
  Universe& universe_;
  const int64_t nanos_;
};

}  // namespace labrec::sim
