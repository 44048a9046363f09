#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "recovery/engine/call/attestation_limiter.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/chip/beginner.h"
#include "recovery/engine/chip/evaluator.h"
#include "recovery/engine/chip/follower.h"
#include "recovery/engine/chip/open_registrations.h"
#include "recovery/engine/chip/sessions.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/committer.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/engine/device/attestation_work.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/executor_anchor.h"
#include "recovery/engine/device/health.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/engine.h"

namespace labrec::recovery {

// The engine's parts, and its calls: each checks fields, signature and challenge on the caller's thread, and
// queues a task for the commit thread. The calls are spread over engine_*.cc by subject.
class EngineImpl : public Engine {
 public:
  EngineImpl(EngineOptions options, hsm::Device& key_device, const Clock& clock);
  // Opens the ledger and starts the commit thread. Once.
  absl::Status Open(Store& store, hsm::Device& anchor_device, std::function<void(absl::Status)> on_fatal);
  ~EngineImpl() override;

  absl::StatusOr<Challenge> NewChallenge(const Caller& caller) override;
  void EnrollDevice(Caller caller, EcdsaPublicKey key, std::string name, Bytes challenge, Bytes proof,
                    std::optional<RawSignature> authorization, Done<DeviceId> done) override;
  void EnrollDeviceAsOperator(Caller caller, EcdsaPublicKey key, std::string name,
                              Done<DeviceId> done) override;
  void RevokeDevice(Caller caller, DeviceId device, std::optional<RawSignature> authorization,
                    Done<Ok> done) override;
  void ListDevices(Caller caller, Done<std::vector<EnrolledDevice>> done) override;
  void BeginRegistration(Caller caller, std::string record, uint32_t version, std::vector<P256Point> elements,
                         Done<RegistrationBegun> done) override;
  void FinishRegistration(Caller caller, RegistrationRequest request, Done<Ok> done) override;
  void Activate(Caller caller, std::string record, uint32_t version, RawSignature authorization,
                Done<Ok> done) override;
  void BeginChipRegistration(Caller caller, ChipRegistration request,
                             Done<ChipRegistrationBegun> done) override;
  void ConfirmKey(Caller caller, std::string record, uint32_t version, RegistrationId registration_id,
                  std::vector<P256Point> elements, Done<std::vector<P256Point>> done) override;
  void BeginChipWrite(Caller caller, std::string record, uint32_t version,
                      Done<hsm::WriteSession> done) override;
  void FinishChipWrite(Caller caller, ChipWrite request, Done<ChipContents> done) override;
  void GetRecord(Caller caller, std::string record, Done<RecordView> done) override;
  void Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                Done<EvaluateOutcome> done) override;
  void BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done) override;
  void Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
              Done<UnlockOutcome> done) override;
  void DeleteRecord(Caller caller, std::string record, std::optional<RawSignature> authorization,
                    Done<Ok> done) override;
  void RaiseFloor(Caller caller, std::string record, uint64_t sequence, Digest digest,
                  RawSignature authorization, Done<Ok> done) override;
  void GetFloor(Caller caller, std::string record, RawSignature authorization,
                Done<std::optional<EpochFloor>> done) override;
  void GetIdentity(Done<Bytes> done) override;
  void ActivateCredential(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done) override;
  void Attest(Caller caller, tpm::CredentialBlob challenge, Digest nonce, Done<Bytes> done) override;
  EngineStatus status() const override;

 private:
  // How early before the device runs out of work the next commit begins.
  DeviceExecutor::Duration CommitLead() const;
  // A place in the queue, for a caller that still waits; a refusal says when to come back.
  absl::StatusOr<RequestQueue::Place> Admit(const Caller& caller);
  // Queues the task, or fails it if the queue does not let it in.
  void Enqueue(const Caller& caller, std::shared_ptr<Task> task);
  std::shared_ptr<Task> EnrollTask(const Caller& caller, const EcdsaPublicKey& key, std::string name,
                                   Authority authority, Done<DeviceId> done);
  absl::Status AdmitAttestation(const Caller& caller);
  // A registration that may be finished, but for sealing its private fields.
  struct Registration {
    RecordName name;
    recovery::FinishRegistration finish;
    Bytes sealed_secret;
    Bytes derivation_input;
  };
  absl::StatusOr<Registration> JudgeRegistration(const Caller& caller, RegistrationRequest request);
  absl::StatusOr<ChipBeginning> JudgeChipRegistration(const Caller& caller, ChipRegistration request);
  absl::StatusOr<RecordView> View(const RecordName& name);
  Bytes DerivationInput(const RecordName& name, const RecordVersion& version) const;

  const EngineOptions options_;
  hsm::Device& key_device_;
  const Clock& clock_;
  ChallengeTable challenges_;
  std::atomic<uint64_t> guesses_counted_ = 0;
  RequestQueue queue_;
  DeviceHealth key_health_;
  DeviceHealth anchor_health_;
  std::optional<DeviceExecutor> executor_;
  std::optional<HostWork> host_;
  std::optional<KeyWork> keys_;
  std::optional<ChipWork> chip_;
  ChipSessions chip_sessions_;
  OpenRegistrations registrations_;
  std::optional<ChipFollower> chip_follower_;
  AttestationLimiter attestation_limiter_;
  std::optional<AttestationWork> attestation_;
  std::optional<ExecutorAnchor> executor_anchor_;
  std::unique_ptr<Ledger> ledger_;
  std::optional<ChipEvaluator> chip_evaluator_;
  std::optional<ChipBeginner> chip_beginner_;
  std::optional<Authorizer> authorizer_;
  std::optional<Committer> committer_;
  std::atomic<bool> committing_ = false;  // there is a committer
  std::thread commit_thread_;
};

}  // namespace labrec::recovery
