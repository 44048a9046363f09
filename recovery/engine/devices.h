#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/p256.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/requests.h"
#include "recovery/record/record.h"
#include "recovery/record/rules/devices.h"

namespace labrec::recovery {

class Admission;
class Authorizer;
class Ledger;

// Calls about an account's devices: enrolling, revoking, listing. What all calls promise: see Engine.
class Devices {
 public:
  struct Parts {
    Ledger& ledger;
    Authorizer& authorizer;
    Admission& admission;
    FirstDevicePolicy first_device;
  };
  explicit Devices(Parts parts) : parts_(parts) {}

  // `first_device`: of this call; none: the realm's.
  void EnrollDevice(Caller caller, EcdsaPublicKey key, std::string name, Bytes challenge, Bytes proof,
                    std::optional<RawSignature> authorization, Done<Enrollment> done,
                    std::optional<FirstDevicePolicy> first_device = std::nullopt);
  // The operator's way: no proof and no authorization; only for Caller::is_operator.
  void EnrollDeviceAsOperator(Caller caller, EcdsaPublicKey key, std::string name, Done<Enrollment> done);
  // Many at once, in one commit: all that may be enrolled are, and of each is said whether it was new, or why
  // it was refused.
  struct Newcomer {
    std::string tenant;
    std::string account;
    EcdsaPublicKey key;
    std::string name;
  };
  void EnrollManyAsOperator(Caller caller, std::vector<Newcomer> newcomers,
                            Done<std::vector<absl::StatusOr<Enrollment>>> done);
  void RevokeDevice(Caller caller, DeviceId device, std::optional<RawSignature> authorization, Done<Ok> done);
  // With no devices and no records where there is no such account.
  void ListDevices(Caller caller, Done<Account> done);

 private:
  void Enroll(const Caller& caller, recovery::EnrollDevice request, FirstDevicePolicy first_device,
              Done<Enrollment> done);

  const Parts parts_;
};

}  // namespace labrec::recovery
