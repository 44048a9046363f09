#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "pin/guess_policy.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"

namespace labrec::recovery {

class Admission;
class Authorizer;
class ChallengeTable;
class ChipEvaluator;
class KeyWork;
class Ledger;

// Calls that guess a PIN and open the record. What all calls promise: see Engine.
class Guessing {
 public:
  struct Parts {
    Bytes realm_id;
    pin::GuessPolicy policy;
    Ledger& ledger;
    Authorizer& authorizer;
    Admission& admission;
    ChallengeTable& challenges;
    ChipEvaluator& chip;
    KeyWork& keys;
  };
  explicit Guessing(Parts parts) : parts_(std::move(parts)) {}

  void Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                Done<EvaluateOutcome> done);
  void BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done);
  void Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
              Done<UnlockOutcome> done);

  uint64_t counted() const { return counted_; }  // guesses, since start

 private:
  struct Opening;

  // Opens the private fields and queues the success.
  void Open(Opening& opening, const SecretBytes& seal_key);

  const Parts parts_;
  std::atomic<uint64_t> counted_ = 0;
};

}  // namespace labrec::recovery
