#include "recovery/engine/attestation.h"

#include <chrono>
#include <utility>

#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/device/attestation_work.h"

namespace labrec::recovery {

absl::Status Attestation::Admit(const Caller& caller) {
  if (caller.is_operator) return absl::OkStatus();
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return bad;
  if (absl::Status none = work_.Available(); !none.ok()) return none;
  return limiter_.Admit(caller.tenant, caller.account, std::chrono::steady_clock::now());
}

void Attestation::GetIdentity(Done<Bytes> done) {
  work_.Identity(std::move(done));
}

void Attestation::ActivateCredential(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done) {
  if (absl::Status refused = Admit(caller); !refused.ok()) return done(std::move(refused));
  work_.Activate(std::move(caller), std::move(challenge), std::move(done));
}

void Attestation::Attest(Caller caller, tpm::CredentialBlob challenge, Digest nonce, Done<Bytes> done) {
  if (absl::Status refused = Admit(caller); !refused.ok()) return done(std::move(refused));
  work_.ProveRealm(std::move(caller), std::move(challenge), nonce, std::move(done));
}

}  // namespace labrec::recovery
