#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm2/link/handle.h"
#include "hsm/tpm2/link/session.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A policy session with SHA-256 (part 1, section 19.7): its digest grows with each assertion, and an object
// whose policy it then equals can be used with it. A successful use starts it anew.
class PolicySession {
 public:
  // Salted with `salt_key`, whose Name the caller checked against a pinned one, it can encrypt parameters;
  // with ESYS_TR_NONE it cannot.
  static absl::StatusOr<PolicySession> Start(Context& context, ESYS_TR salt_key = ESYS_TR_NONE);

  // The session for the next command, set to encrypt what `what` says; it stays after the command.
  ESYS_TR For(Encrypt what = Encrypt::kNeither) const;
  // The nonce that the TPM sent last: what TPM2_PolicySigned's signature is about.
  absl::StatusOr<Bytes> NonceTpm() const;

  // Part 3, section 23: the assertions. PolicySecret authorises `entity` with `authorization`, a session or
  // ESYS_TR_PASSWORD, without expiration.
  absl::Status Secret(ESYS_TR entity, ESYS_TR authorization);
  absl::Status CommandCode(uint32_t command);
  absl::Status AuthValue();
  // `signature` by the loaded `key` over nonceTPM || I2OSP(expiration, 4) || cp_hash. `expiration` in seconds
  // from the session's start, at least 0, so that no ticket is made.
  absl::Status Signed(ESYS_TR key, ByteView nonce_tpm, ByteView cp_hash, int32_t expiration,
                      const TPMT_SIGNATURE& signature);
  // The selected PCRs, whose values must hash to `pcr_digest` now. The TPM looks again at the session's use:
  // a PCR that changed meanwhile makes it refuse with TPM_RC_PCR_CHANGED.
  absl::Status Pcr(const TPML_PCR_SELECTION& pcrs, ByteView pcr_digest);
  // Replaces what was asserted, which must give `approved_policy`, by the fact that the key with this Name
  // approved it with an empty policyRef; `ticket` is TPM2_VerifySignature's.
  absl::Status Authorize(ByteView approved_policy, ByteView key_name, const TPMT_TK_VERIFIED& ticket);
  // TPM2_PolicyRestart: forgets all assertions.
  absl::Status Restart();

  // TPM2_ContextSave: moves the session out of its slot; it can be resumed once, until the TPM is reset. The
  // TPM remembers some 64 of them (TPM_PT_ACTIVE_SESSIONS_MAX).
  absl::StatusOr<EsysPtr<TPMS_CONTEXT>> Save() &&;
  static absl::StatusOr<PolicySession> Resume(Context& context, const TPMS_CONTEXT& saved);
  // Ends a saved session, as far as the TPM still answers.
  static void Forget(Context& context, const TPMS_CONTEXT& saved);

 private:
  PolicySession(Context& context, SessionHandle handle) : context_(&context), handle_(std::move(handle)) {}
  Context* context_;
  SessionHandle handle_;
};

}  // namespace labrec::hsm::tpm2
