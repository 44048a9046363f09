#pragma once

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/credential.h"
#include "recovery/engine/call/attestation_limiter.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"

namespace labrec::recovery {

class AttestationWork;

// Calls for proofs about the device: nothing in the ledger changes. FAILED_PRECONDITION where the device can
// prove nothing. What all calls promise: see Engine.
class Attestation {
 public:
  Attestation(AttestationWork& work, AttestationLimits limits) : work_(work), limiter_(limits) {}

  // attestation::Encode of an IdentityEvidence. For anybody: the device is asked once.
  void GetIdentity(Done<Bytes> done);
  // Opens a client's challenge. RESOURCE_EXHAUSTED over the limits; so it is with the next one. The operator
  // is not limited, and needs no account.
  void ActivateCredential(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done);
  // attestation::Encode of a RealmEvidence over this nonce (attestation::RealmStatementNonce).
  void Attest(Caller caller, tpm::CredentialBlob challenge, Digest nonce, Done<Bytes> done);

 private:
  absl::Status Admit(const Caller& caller);

  AttestationWork& work_;
  AttestationLimiter limiter_;
};

}  // namespace labrec::recovery
