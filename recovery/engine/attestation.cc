#include <utility>

#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/engine_impl.h"

// Proofs about the device: nothing in the ledger changes.
namespace labrec::recovery {

absl::Status EngineImpl::AdmitAttestation(const Caller& caller) {
  if (caller.is_operator) return absl::OkStatus();
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return bad;
  if (absl::Status none = attestation_->Available(); !none.ok()) return none;
  return attestation_limiter_.Admit(caller.tenant, caller.account, std::chrono::steady_clock::now());
}

void EngineImpl::GetIdentity(Done<Bytes> done) {
  attestation_->Identity(std::move(done));
}

void EngineImpl::ActivateCredential(Caller caller, tpm::CredentialBlob challenge,
                                    Done<SecretBytes> done) {
  if (absl::Status refused = AdmitAttestation(caller); !refused.ok()) return done(std::move(refused));
  attestation_->Activate(std::move(caller), std::move(challenge), std::move(done));
}

void EngineImpl::Attest(Caller caller, tpm::CredentialBlob challenge, Digest nonce,
                        Done<Bytes> done) {
  if (absl::Status refused = AdmitAttestation(caller); !refused.ok()) return done(std::move(refused));
  attestation_->ProveRealm(std::move(caller), std::move(challenge), nonce, std::move(done));
}

}  // namespace labrec::recovery
