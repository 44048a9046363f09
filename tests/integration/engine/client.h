#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "recovery/engine/engine.h"
#include "tests/integration/engine/realm.h"

namespace labrec::recovery {

// Calls the engine and waits, at most 60 seconds, for its answer.
template <typename T, typename Call>
absl::StatusOr<T> Await(Call call) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
  std::future<absl::StatusOr<T>> future = promise->get_future();
  call([promise](absl::StatusOr<T> answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    return absl::DeadlineExceededError("the engine has not answered within 60 seconds");
  }
  return future.get();
}

// An account with one device, as a client library would use the engine. Any thread.
class EngineClient {
 public:
  explicit EngineClient(EngineRealm& realm, std::string account = "alice");

  // Enrols the device, and registers and activates version 1 of record "main".
  absl::Status SetUp(uint32_t guess_limit = 10);

  absl::StatusOr<Enrollment> Enroll();
  absl::StatusOr<RegistrationBegun> Begin(uint32_t version, std::vector<P256Point> elements);
  // What Finish sends; tests spoil it.
  RegistrationRequest RegistrationOf(uint32_t version, const RegistrationBegun& begun,
                                     uint32_t guess_limit = 10);
  // Signs with a new challenge and sends.
  absl::StatusOr<Ok> Finish(RegistrationRequest request);
  absl::StatusOr<Ok> Register(uint32_t version, uint32_t guess_limit = 10);
  absl::StatusOr<Ok> Activate(uint32_t version);

  absl::StatusOr<EvaluateOutcome> Evaluate(const P256Point& element, uint32_t version = 1);
  absl::StatusOr<EvaluateOutcome> Guess(uint32_t number) { return Evaluate(Element(number)); }
  absl::StatusOr<UnlockOutcome> Unlock(const Challenge& challenge, uint32_t version = 1);
  absl::StatusOr<Challenge> BeginUnlock(uint32_t version = 1);
  absl::StatusOr<RecordView> View();
  uint32_t Remaining();
  absl::StatusOr<Ok> RaiseFloor(uint64_t sequence, uint8_t digest);
  absl::StatusOr<std::optional<EpochFloor>> GetFloor();

  // number * G, another one for each number.
  static P256Scalar Scalar(uint32_t number);
  static P256Point Element(uint32_t number) { return P256Point::Generator().Times(Scalar(number)); }

  RawSignature Sign(Operation operation, ByteView body) { return SignWith(device, operation, body); }
  RawSignature SignWith(const EcdsaPrivateKey& key, Operation operation, ByteView body);
  Bytes SignUnlock(const Challenge& challenge, uint32_t version) const;

  EngineRealm& realm;
  Caller caller;
  RecordName name;
  EcdsaPrivateKey device = EcdsaPrivateKey::Generate();
  EcdsaPrivateKey unlock_key = EcdsaPrivateKey::Generate();
};

// The remaining guesses of an answer that was evaluated; -1 for any other.
int RemainingOf(const absl::StatusOr<EvaluateOutcome>& answer);
bool IsDestroyed(const absl::StatusOr<EvaluateOutcome>& answer);

}  // namespace labrec::recovery
