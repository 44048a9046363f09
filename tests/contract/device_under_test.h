#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "hsm/open_device.h"

namespace labrec::hsm::contract {

// One kind of device as the contract suites need it: a simulator of its own for each test, factory-new, that
// the test may break. Functions that cannot do their work fail the running test (ADD_FAILURE).
class DeviceUnderTest {
 public:
  virtual ~DeviceUnderTest() = default;

  virtual absl::StatusOr<ProbeReport> Probe(const DeviceRoles& roles) = 0;
  virtual absl::StatusOr<DeviceState> Provision(const DeviceRoles& roles, ByteView realm_id) = 0;
  virtual absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceState& state) = 0;
  // Open with a wrong authorisation value or PIN.
  virtual absl::StatusOr<std::unique_ptr<Device>> OpenUnauthorized(const DeviceState& state) = 0;
  virtual absl::Status Deprovision(const DeviceState& state) = 0;

  // The device goes away, also for those who have it open, as by a power cut or a pulled cable.
  virtual void Break() = 0;
  // It is back, with what it keeps over a power cut.
  virtual void Repair() = 0;
  // Another device of the same kind, that was never provisioned, stands where this one stood.
  virtual void Replace() = 0;
  // Somebody else who holds the same state and authorisation claims the anchor and commits the next `commits`
  // epochs (0: claims it only), while the test's own Device stays open.
  virtual absl::Status CommitElsewhere(const DeviceState& state, int commits) = 0;
};

// A value parameter of the suites: instantiate each with
//   INSTANTIATE_TEST_SUITE_P(Swtpm, EvaluationKeyContract, testing::Values(DeviceKind{"Swtpm", &MakeIt}));
struct DeviceKind {
  std::string name;
  std::unique_ptr<DeviceUnderTest> (*make)() = nullptr;
};
inline void PrintTo(const DeviceKind& kind, std::ostream* out) {
  *out << kind.name;
}

}  // namespace labrec::hsm::contract
