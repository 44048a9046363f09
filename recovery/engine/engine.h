#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "hsm/base/p256.h"
#include "hsm/device.h"
#include "hsm/tpm_wire/credential.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/requests.h"
#include "recovery/engine/options.h"
#include "recovery/engine/status.h"
#include "recovery/record/record.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// What a realm does, without the network: ledger, device and policy behind one queue. docs/ledger.md says
// what happens to a request on its way; "How a guess flows" in docs/architecture.md gives the threads.
//
// Every call returns at once and calls `done` exactly once, from a thread of the engine or from the caller's
// own. Errors are those in recovery.proto's header. Threads: any.
class Engine {
 public:
  // Opens the ledger on `store` (see Ledger::Open for what is refused) and starts the threads.
  // `anchor_device` may be the same object as `key_device`. `on_fatal` is called, once and from the commit
  // thread, when the process must end because an outcome is uncertain; by then all that waited was answered
  // UNAVAILABLE, and so is all that comes. It must not destroy the engine itself. All references outlive
  // the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Start(EngineOptions options, Store& store,
                                                       hsm::Device& key_device, hsm::Device& anchor_device,
                                                       const Clock& clock,
                                                       std::function<void(absl::Status)> on_fatal);
  // Drains: takes no new request, answers those it has, then stops the threads.
  virtual ~Engine() = default;

  virtual absl::StatusOr<Challenge> NewChallenge(const Caller& caller) = 0;

  virtual void EnrollDevice(Caller caller, EcdsaPublicKey key, std::string name, Bytes challenge, Bytes proof,
                            std::optional<RawSignature> authorization, Done<DeviceId> done) = 0;
  // The operator's way: no proof and no authorization; only for Caller::is_operator.
  virtual void EnrollDeviceAsOperator(Caller caller, EcdsaPublicKey key, std::string name,
                                      Done<DeviceId> done) = 0;
  virtual void RevokeDevice(Caller caller, DeviceId device, std::optional<RawSignature> authorization,
                            Done<Ok> done) = 0;
  virtual void ListDevices(Caller caller, Done<std::vector<EnrolledDevice>> done) = 0;

  virtual void BeginRegistration(Caller caller, std::string record, uint32_t version,
                                 std::vector<P256Point> elements, Done<RegistrationBegun> done) = 0;
  virtual void FinishRegistration(Caller caller, RegistrationRequest request, Done<Ok> done) = 0;
  virtual void Activate(Caller caller, std::string record, uint32_t version, RawSignature authorization,
                        Done<Ok> done) = 0;

  // Makes the version's own key and index in the chip, and proves them. Where registrations that nobody
  // finished are in the way they are given up first: see OpenRegistrations.
  virtual void BeginChipRegistration(Caller caller, ChipRegistration request,
                                     Done<ChipRegistrationBegun> done) = 0;
  // Two evaluations of a begun chip-enforced version, which its first write grants.
  virtual void ConfirmKey(Caller caller, std::string record, uint32_t version, RegistrationId registration_id,
                          std::vector<P256Point> elements, Done<std::vector<P256Point>> done) = 0;
  // A session for one write of the version's index; the same one until it is used or has ended.
  virtual void BeginChipWrite(Caller caller, std::string record, uint32_t version,
                              Done<hsm::WriteSession> done) = 0;
  virtual void FinishChipWrite(Caller caller, ChipWrite request, Done<ChipContents> done) = 0;

  virtual void GetRecord(Caller caller, std::string record, Done<RecordView> done) = 0;
  virtual void Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                        Done<EvaluateOutcome> done) = 0;
  virtual void BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done) = 0;
  virtual void Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
                      Done<UnlockOutcome> done) = 0;
  virtual void DeleteRecord(Caller caller, std::string record, std::optional<RawSignature> authorization,
                            Done<Ok> done) = 0;

  virtual void RaiseFloor(Caller caller, std::string record, uint64_t sequence, Digest digest,
                          RawSignature authorization, Done<Ok> done) = 0;
  virtual void GetFloor(Caller caller, std::string record, RawSignature authorization,
                        Done<std::optional<EpochFloor>> done) = 0;

  // attestation::Encode of an IdentityEvidence. For anybody: the device is asked once. FAILED_PRECONDITION
  // where the device can prove nothing; so it is with the next two.
  virtual void GetIdentity(Done<Bytes> done) = 0;
  // Opens a client's challenge. RESOURCE_EXHAUSTED over the limits; so it is with the next one. The operator
  // is not limited, and needs no account.
  virtual void ActivateCredential(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done) = 0;
  // attestation::Encode of a RealmEvidence over this nonce (attestation::RealmStatementNonce).
  virtual void Attest(Caller caller, tpm::CredentialBlob challenge, Digest nonce, Done<Bytes> done) = 0;

  virtual EngineStatus status() const = 0;
};

}  // namespace labrec::recovery
