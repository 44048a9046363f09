#pragma once

#include <memory>
#include <ostream>

#include "absl/status/statusor.h"

#include "hsm/open_device.h"

namespace labrec::test {

class Swtpm;

enum class SimulatorKind { kSwtpm, kSoftHsm };
inline void PrintTo(SimulatorKind kind, std::ostream* out) {
  *out << (kind == SimulatorKind::kSwtpm ? "Swtpm" : "SoftHsm");
}

// A factory-new simulator for one test, whichever its kind, behind the interface that programs use.
class SimulatedDevice {
 public:
  static absl::StatusOr<std::unique_ptr<SimulatedDevice>> Start(SimulatorKind kind);
  virtual ~SimulatedDevice() = default;

  virtual hsm::DeviceAddress address() const = 0;
  // The device goes away as by a power cut or a pulled cable, and comes back with what it keeps over that.
  virtual void Break() = 0;
  virtual absl::Status Repair() = 0;
  // Null on SoftHSM2.
  virtual Swtpm* swtpm() { return nullptr; }
  // From now on the address is that of a resource manager, so that whoever opens the device keeps to what one
  // allows. Only for a TPM.
  virtual void ClaimResourceManager() {}

  // Makes the realm's keys and anchor on it. Once.
  absl::Status Provision(ByteView realm_id);
  // As provisioned. At most one at a time on SoftHSM2.
  absl::StatusOr<std::unique_ptr<hsm::Device>> Open();

 private:
  SecretBytes authorization_;
  hsm::DeviceState state_;
};

}  // namespace labrec::test
