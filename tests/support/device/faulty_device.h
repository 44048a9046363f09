#pragma once

#include <functional>
#include <memory>

#include "hsm/device.h"

namespace labrec::test {

// A real device behind a wrapper that lets a test stop calls, or make them fail before or after the device
// has acted. A hook that is not OK is the call's result. Hooks are called on the caller's thread and may
// block; set them while nobody calls.
class FaultyDevice : public hsm::Device {
 public:
  using Hook = std::function<absl::Status()>;
  struct Hooks {
    Hook before_derive;
    Hook before_evaluate;
    Hook before_prepare;
    Hook before_commit;
    Hook after_commit;  // the device has counted, and its answer is lost
    Hook before_define;
    Hook after_define;  // the device has made key and index, and its answer is lost
    Hook before_delete;
    Hook after_delete;
    Hook before_capacity;
  };

  explicit FaultyDevice(std::unique_ptr<hsm::Device> device);
  ~FaultyDevice() override;

  Hooks hooks;

  hsm::EvaluationKey* evaluation_key() override;
  hsm::DerivationKey* derivation_key() override;
  hsm::FreshnessAnchor* freshness_anchor() override;
  hsm::Random* random() override { return device_->random(); }
  hsm::Attester* attester() override { return device_->attester(); }
  hsm::CountedKeys* counted_keys() override;  // null where the device's own are
  hsm::PeriodKeys* period_keys() override { return device_->period_keys(); }
  const hsm::DeviceDescription& description() const override { return device_->description(); }
  int parallelism() const override { return device_->parallelism(); }

 private:
  class Evaluation;
  class Derivation;
  class Anchor;
  class Counted;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<Evaluation> evaluation_;
  std::unique_ptr<Derivation> derivation_;
  std::unique_ptr<Anchor> anchor_;
  std::unique_ptr<Counted> counted_;
};

}  // namespace labrec::test
