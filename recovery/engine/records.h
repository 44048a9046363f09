#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "hsm/base/hash.h"
#include "pin/guess_policy.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/requests.h"

namespace labrec::recovery {

class Admission;
class Authorizer;
class Ledger;
class RegistrationKeys;
class WaitingRefills;

// Calls that look at a record, delete it, and raise or read its epoch floor. What all calls promise: see
// Engine.
class Records {
 public:
  struct Parts {
    pin::GuessPolicy policy;
    const Clock& clock;
    Ledger& ledger;
    const WaitingRefills& refills;
    Authorizer& authorizer;
    Admission& admission;
    RegistrationKeys& keys_of_begun;
  };
  explicit Records(Parts parts) : parts_(std::move(parts)) {}

  void GetRecord(Caller caller, std::string record, Done<RecordView> done);
  void DeleteRecord(Caller caller, std::string record, std::optional<RawSignature> authorization,
                    Done<Ok> done);
  void RaiseFloor(Caller caller, std::string record, uint64_t sequence, Digest digest,
                  RawSignature authorization, Done<Ok> done);
  void GetFloor(Caller caller, std::string record, RawSignature authorization,
                Done<std::optional<EpochFloor>> done);

 private:
  const Parts parts_;
};

}  // namespace labrec::recovery
