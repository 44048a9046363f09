#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/requests.h"

namespace labrec::recovery {

class Admission;
class Authorizer;
class KeyWork;
class Ledger;
class RegistrationKeys;

// Calls that begin, finish and activate a version of a record. What all calls promise: see Engine.
class Registrations {
 public:
  struct Parts {
    Bytes realm_id;
    Ledger& ledger;
    Authorizer& authorizer;
    Admission& admission;
    KeyWork& keys;
    RegistrationKeys& keys_of_begun;
  };
  explicit Registrations(Parts parts) : parts_(std::move(parts)) {}

  void BeginRegistration(Caller caller, std::string record, uint32_t version, std::vector<P256Point> elements,
                         Done<RegistrationBegun> done);
  void FinishRegistration(Caller caller, RegistrationRequest request, Done<Ok> done);
  void Activate(Caller caller, std::string record, uint32_t version, RawSignature authorization,
                Done<Ok> done);

 private:
  struct Finishing;
  absl::StatusOr<Finishing> Check(const Caller& caller, RegistrationRequest request);

  const Parts parts_;
};

}  // namespace labrec::recovery
