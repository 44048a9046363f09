#include "tools/bench/bench_device.h"

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::bench {

void AddDeviceOption(CLI::App& app, test::SimulatorKind& kind) {
  const std::map<std::string, test::SimulatorKind> names = {{"swtpm", test::SimulatorKind::kSwtpm},
                                                            {"softhsm2", test::SimulatorKind::kSoftHsm}};
  app.add_option("--device", kind, "swtpm or softhsm2: a simulator is started")
      ->transform(CLI::CheckedTransformer(names));
}

void AddLatencyOption(CLI::App& app, Latency& latency) {
  const std::map<std::string, Latency> names = {{"simulator", Latency::kSimulator},
                                                {"hardware", Latency::kHardware}};
  app.add_option("--latency", latency, "simulator, or hardware (a discrete TPM's latencies added)")
      ->transform(CLI::CheckedTransformer(names));
}

absl::StatusOr<std::unique_ptr<BenchDevice>> BenchDevice::Start(test::SimulatorKind kind, Latency latency) {
  std::unique_ptr<BenchDevice> made(new BenchDevice());
  if (kind == test::SimulatorKind::kSoftHsm) {
    if (latency == Latency::kHardware) {
      return absl::InvalidArgumentError("hardware latencies are those of a TPM: use --device swtpm");
    }
    LABREC_ASSIGN_OR_RETURN(made->softhsm_, test::SoftHsm::Start());
    LABREC_RETURN_IF_ERROR(made->Provision(made->softhsm_->uri()));
    return made;
  }
  LABREC_ASSIGN_OR_RETURN(made->swtpm_, test::Swtpm::Start());
  if (latency == Latency::kHardware) {
    LABREC_ASSIGN_OR_RETURN(made->proxy_,
                            test::TpmProxy::Start(made->swtpm_->socket(), test::HardwareLatency));
  }
  const std::string tcti = made->proxy_ ? made->proxy_->tcti() : made->swtpm_->tcti();
  LABREC_RETURN_IF_ERROR(made->Provision(absl::StrCat("tpm2:", tcti)));
  return made;
}

absl::StatusOr<std::unique_ptr<BenchDevice>> BenchDevice::At(const std::string& uri, Wear wear) {
  LABREC_ASSIGN_OR_RETURN(const hsm::ProbeReport report, hsm::ProbeDevice({uri}, hsm::DeviceRoles()));
  if (!report.description.is_simulator && wear == Wear::kSimulatorsOnly) {
    return absl::FailedPreconditionError(absl::StrCat(
        uri, " is a ", report.description.manufacturer,
        " device, not a simulator: say with --writes how many durable writes it may cost (100 are enough)"));
  }
  std::unique_ptr<BenchDevice> made(new BenchDevice());
  LABREC_RETURN_IF_ERROR(made->Provision(uri));
  return made;
}

absl::Status BenchDevice::Provision(std::string uri) {
  hsm::ProvisionOptions options;
  options.realm_id = Bytes(16, 0xbe);
  authorization_ = SecretBytes::Random(32);
  authorization_.data()[31] |= 1U;  // an authorisation value must not end in a zero byte (tpm2-tss 3.2.1)
  options.authorization = authorization_.Clone();
  address_ = {std::move(uri)};
  LABREC_ASSIGN_OR_RETURN(state_, hsm::ProvisionDevice(address_, options));
  LABREC_ASSIGN_OR_RETURN(device_, hsm::OpenDevice(address_, state_, authorization_));
  return absl::OkStatus();
}

BenchDevice::~BenchDevice() {
  device_.reset();
  const bool own = swtpm_ != nullptr || softhsm_ != nullptr;
  if (own || state_.json.empty()) return;
  const absl::Status removed = hsm::DeprovisionDevice(address_, state_, authorization_, SecretBytes());
  if (!removed.ok()) std::fprintf(stderr, "keys stay on the device: %s\n", removed.ToString().c_str());
}

}  // namespace labrec::bench
