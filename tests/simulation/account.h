#pragma once

#include <atomic>
#include <string>

#include "recovery/engine/engine.h"
#include "tests/fault/crash/guess_history.h"
#include "tests/simulation/realm.h"

namespace labrec::sim {

// An account of a seed with one record, what its clients hold, and what they were told.
class Account {
 public:
  Account(std::string name, uint32_t guess_limit);

  // Enrols the device, and registers and activates version 1 of the record. Any answer but OK: perhaps.
  absl::Status SetUp(Realm& realm);

  absl::StatusOr<recovery::EvaluateOutcome> Evaluate(Realm& realm, const P256Point& element,
                                                     std::chrono::steady_clock::time_point deadline);
  absl::StatusOr<recovery::Challenge> BeginUnlock(Realm& realm);
  absl::StatusOr<recovery::UnlockOutcome> Unlock(Realm& realm, const recovery::Challenge& challenge);
  absl::StatusOr<recovery::RecordView> View(Realm& realm);
  absl::Status RaiseFloor(Realm& realm, uint64_t sequence);

  const std::string& name() const { return caller_.account; }
  uint32_t guess_limit() const { return limit_; }
  test::GuessHistory& history() { return history_; }

  uint64_t floor_acknowledged = 0;
  bool registered = false;  // that was acknowledged

 private:
  absl::StatusOr<recovery::RawSignature> Sign(Realm& realm, recovery::Operation operation, ByteView body);
  absl::Status Enroll(Realm& realm);
  absl::Status Register(Realm& realm);
  absl::Status Activate(Realm& realm);
  Bytes Config(const Bytes& realm_id) const;

  const recovery::Caller caller_;
  const uint32_t limit_;
  const EcdsaPrivateKey device_ = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey unlock_key_ = EcdsaPrivateKey::Generate();
  test::GuessHistory history_;
};

}  // namespace labrec::sim
