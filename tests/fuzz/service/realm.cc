#include "tests/fuzz/service/realm.h"

#include <cstdlib>
#include <iostream>

namespace labrec::fuzz {

RealmDevice::RealmDevice(const Bytes& id) {
  auto simulator = test::SimulatedDevice::Start(test::SimulatorKind::kSwtpm);
  if (simulator.ok()) {
    simulator_ = *std::move(simulator);
    if (simulator_->Provision(id).ok()) device_ = simulator_->Open().value_or(nullptr);
  }
  if (device_ != nullptr) return;
  std::cerr << "the device of the realm under test cannot be made\n";
  std::abort();
}

}  // namespace labrec::fuzz
