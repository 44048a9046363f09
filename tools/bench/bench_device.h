#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/open_device.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace CLI {
class App;
}

namespace labrec::bench {

// How long a device takes: what the simulator needs, or on top of it what a discrete TPM needs
// (HardwareLatency of tests/support/tpm/tpm_proxy.h; swtpm only).
enum class Latency { kSimulator, kHardware };

// --device and --latency, as every bench has them.
void AddDeviceOption(CLI::App& app, test::SimulatorKind& kind);
void AddLatencyOption(CLI::App& app, Latency& latency);

// A device with keys and anchor of a realm of its own, for measuring it bare.
class BenchDevice {
 public:
  // A new simulator. It ends with this object.
  static absl::StatusOr<std::unique_ptr<BenchDevice>> Start(test::SimulatorKind kind, Latency latency);
  enum class Wear { kSimulatorsOnly, kAnyDevice };
  // A device that runs already. What is made on it is removed again, at some ten durable writes.
  // FAILED_PRECONDITION with kSimulatorsOnly unless it says of itself that it is one.
  static absl::StatusOr<std::unique_ptr<BenchDevice>> At(const std::string& uri, Wear wear);
  ~BenchDevice();
  BenchDevice(const BenchDevice&) = delete;
  BenchDevice& operator=(const BenchDevice&) = delete;

  hsm::Device& device() { return *device_; }

 private:
  BenchDevice() = default;
  absl::Status Provision(std::string uri);

  std::unique_ptr<test::Swtpm> swtpm_;
  std::unique_ptr<test::TpmProxy> proxy_;
  std::unique_ptr<test::SoftHsm> softhsm_;
  hsm::DeviceAddress address_;
  hsm::DeviceState state_;
  SecretBytes authorization_;
  std::unique_ptr<hsm::Device> device_;
};

}  // namespace labrec::bench
