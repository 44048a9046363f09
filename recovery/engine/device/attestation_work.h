#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "attestation/produce/prover.h"
#include "hsm/device.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/health.h"

namespace labrec::recovery {

// The device's proofs, made on its threads. A proof is several jobs, so that guesses get their turn between
// them. `done` functions are called from those threads, or from the caller's; errors are those of
// hsm::Attester. Any thread may call; device, executor and health outlive this object and the jobs.
class AttestationWork {
 public:
  AttestationWork(hsm::Device& device, DeviceExecutor& executor, DeviceHealth& health,
                  attestation::ProverOptions options);

  // OK, or FAILED_PRECONDITION with what the device claims where nothing can be proven.
  absl::Status Available() const;

  // attestation::Encode(IdentityEvidence). The device is asked once, however many callers there are; where it
  // refused, again after ten seconds at the earliest.
  void Identity(Done<Bytes> done);
  // The challenge's secret. Here and below the device does nothing more once the caller waits no more.
  void Activate(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done);
  // attestation::Encode(RealmEvidence) over this nonce.
  void ProveRealm(Caller caller, tpm::CredentialBlob challenge, const Digest& nonce, Done<Bytes> done);

 private:
  struct RealmProof;
  void Submit(std::function<void()> job);
  void AnswerIdentity();
  void Step(std::shared_ptr<RealmProof> proof);

  const hsm::Device& device_;
  DeviceExecutor& executor_;
  DeviceHealth& health_;
  std::optional<attestation::Prover> prover_;  // empty: the device has no attestation
  std::mutex mutex_;
  std::vector<Done<Bytes>> waiting_;  // for the identity
  absl::StatusOr<Bytes> identity_;
  std::chrono::steady_clock::time_point ask_again_;  // while identity_ is an error
};

}  // namespace labrec::recovery
