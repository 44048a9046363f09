#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "hsm/open_device.h"
#include "tests/support/token/faulty_pkcs11.h"
#include "tests/support/token/softhsm.h"

namespace labrec::hsm::pkcs11 {

// A SoftHSM2 token behind a module that fails as the test says.
class Pkcs11Fault : public testing::Test {
 protected:
  Pkcs11Fault();
  ~Pkcs11Fault() override;

  DeviceAddress Address() const;
  static ProvisionOptions Options();
  absl::StatusOr<std::unique_ptr<Device>> Open() const;
  // Provisions at the first call, and opens.
  std::unique_ptr<Device> NewDevice();

  // The `n`-th call (from 0) of `function`, or of any but C_Initialize if that is empty, has this fate; all
  // others pass.
  static void FailNth(std::string function, int n, test::Fate fate);
  // Every call of `function` has this fate.
  static void FailAll(std::string function, test::Fate fate);
  static void Heal();
  // How often `function` is called while `work` runs (empty: any function).
  static int CallsOf(std::string function, const std::function<void()>& work);

  // Objects on the token, each in a file of its own.
  std::set<std::filesystem::path> ObjectFiles() const;
  int TokenObjects() const { return static_cast<int>(ObjectFiles().size()); }

  std::unique_ptr<test::SoftHsm> token_;
  DeviceState state_;
};

// One evaluation of a fresh element, checked; the status of the device.
absl::Status Evaluate(Device& device);
// Calls until it no longer says UNAVAILABLE, at most ten seconds.
absl::Status OnceAvailable(const std::function<absl::Status()>& operation);

}  // namespace labrec::hsm::pkcs11
