#pragma once

#include <memory>

#include "tests/support/device/simulated_device.h"
#include "tests/support/realm/service_realm.h"

namespace labrec::fuzz {

// A software TPM with a realm's parts on it. Aborts where it cannot be made.
class RealmDevice {
 public:
  explicit RealmDevice(const Bytes& id);
  hsm::Device& device() { return *device_; }

 private:
  std::unique_ptr<test::SimulatedDevice> simulator_;
  std::unique_ptr<hsm::Device> device_;
};

// The service on it.
class ServiceRealm : private RealmDevice, public test::ServiceRealm {
 public:
  ServiceRealm() : ServiceRealm(Bytes(16, 'r')) {}

 private:
  explicit ServiceRealm(const Bytes& id)
      : RealmDevice(id), test::ServiceRealm(id, RealmDevice::device(), SystemClock()) {}
};

}  // namespace labrec::fuzz
