// The contract suites of tests/contract on the model of a device: what they ask of swtpm and SoftHSM2. Not
// those of a device's provisioning and addresses, which the model does not have.
#include "tests/contract/contract_suites.h"
#include "tests/simulation/chip/chip.h"

namespace labrec::hsm::contract {

// The suite about provisioning is not linked here; its name is declared with the others.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeviceContract);

namespace {

// Commands go straight to the chip, but while it is away.
class PlainBus : public sim::Bus {
 public:
  absl::Status Command(const char*, Kind, absl::FunctionRef<absl::Status()> act) override {
    return away ? absl::UnavailableError("the model of a device is away") : act();
  }
  bool away = false;
};

class ModelUnderTest : public DeviceUnderTest {
 public:
  explicit ModelUnderTest(sim::AnchorShape shape) : shape_(shape) {}

  absl::StatusOr<ProbeReport> Probe(const DeviceRoles&) override {
    ProbeReport report;
    report.description.manufacturer = "labrec";
    report.description.is_simulator = true;
    return report;
  }
  // The state is the number of the chip that belongs to the realm.
  absl::StatusOr<DeviceState> Provision(const DeviceRoles&, ByteView) override {
    chips_.push_back(std::make_unique<sim::Chip>(chips_.size() + 1));
    return DeviceState{std::to_string(chips_.size() - 1)};
  }
  absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceState& state) override {
    return sim::OpenChip(*chips_.at(std::stoul(state.json)), bus_, shape_, 2);
  }
  absl::StatusOr<std::unique_ptr<Device>> OpenUnauthorized(const DeviceState&) override {
    return absl::PermissionDeniedError("the model has no authorisation to get wrong");
  }
  absl::Status Deprovision(const DeviceState&) override { return absl::OkStatus(); }
  void Break() override { bus_.away = true; }
  void Repair() override { bus_.away = false; }
  void Replace() override {
    for (auto& chip : chips_) chip = std::make_unique<sim::Chip>(chips_.size() + 1000);
  }
  absl::Status CommitElsewhere(const DeviceState& state, int commits) override {
    return ClaimAndCommit(**Open(state), commits);
  }

 private:
  const sim::AnchorShape shape_;
  PlainBus bus_;
  std::vector<std::unique_ptr<sim::Chip>> chips_;
};

std::unique_ptr<DeviceUnderTest> NewCounterModel() {
  return std::make_unique<ModelUnderTest>(sim::AnchorShape::kCounter);
}
std::unique_ptr<DeviceUnderTest> NewRatchetModel() {
  return std::make_unique<ModelUnderTest>(sim::AnchorShape::kRatchet);
}

const DeviceKind kCounter{"Counter", &NewCounterModel};
const DeviceKind kRatchet{"Ratchet", &NewRatchetModel};
INSTANTIATE_TEST_SUITE_P(Model, EvaluationKeyContract, testing::Values(kCounter, kRatchet));
INSTANTIATE_TEST_SUITE_P(Model, DerivationKeyContract, testing::Values(kCounter, kRatchet));
INSTANTIATE_TEST_SUITE_P(Model, FreshnessAnchorContract, testing::Values(kCounter, kRatchet));
INSTANTIATE_TEST_SUITE_P(Model, RandomContract, testing::Values(kCounter, kRatchet));

}  // namespace
}  // namespace labrec::hsm::contract
