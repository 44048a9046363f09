#include "hsm/tpm2/link/policy_session.h"

#include <algorithm>
#include <cstdlib>

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<PolicySession> PolicySession::Start(Context& context, ESYS_TR salt_key) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_NULL;
  if (salt_key != ESYS_TR_NONE) {
    symmetric.algorithm = TPM2_ALG_AES;
    symmetric.keyBits.aes = 128;
    symmetric.mode.aes = TPM2_ALG_CFB;
  }
  ESYS_TR session = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_StartAuthSession (policy)",
      Esys_StartAuthSession(context.esys(), salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            nullptr, TPM2_SE_POLICY, &symmetric, TPM2_ALG_SHA256, &session)));
  return PolicySession(context, SessionHandle(context, session));
}

ESYS_TR PolicySession::For(Encrypt what) const {
  TPMA_SESSION flags = TPMA_SESSION_CONTINUESESSION;
  if (what == Encrypt::kCommand || what == Encrypt::kBoth) flags |= TPMA_SESSION_DECRYPT;
  if (what == Encrypt::kResponse || what == Encrypt::kBoth) flags |= TPMA_SESSION_ENCRYPT;
  constexpr TPMA_SESSION kAll = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
  // Fails only for a handle that is no session of this context. Going on would send a secret in clear.
  if (Esys_TRSess_SetAttributes(context_->esys(), handle_.esys(), flags, kAll) != TSS2_RC_SUCCESS)
    std::abort();
  return handle_.esys();
}

absl::StatusOr<Bytes> PolicySession::NonceTpm() const {
  TPM2B_NONCE* nonce = nullptr;
  LABREC_RETURN_IF_ERROR(context_->Check("Esys_TRSess_GetNonceTPM",
                                         Esys_TRSess_GetNonceTPM(context_->esys(), handle_.esys(), &nonce)));
  const EsysPtr<TPM2B_NONCE> owned(nonce);
  return Bytes(nonce->buffer, nonce->buffer + nonce->size);
}

absl::Status PolicySession::Secret(ESYS_TR entity, ESYS_TR authorization) {
  return context_->Check(
      "TPM2_PolicySecret",
      Esys_PolicySecret(context_->esys(), entity, handle_.esys(), authorization, ESYS_TR_NONE, ESYS_TR_NONE,
                        nullptr, nullptr, nullptr, 0, nullptr, nullptr));
}

absl::Status PolicySession::CommandCode(uint32_t command) {
  return context_->Check("TPM2_PolicyCommandCode",
                         Esys_PolicyCommandCode(context_->esys(), handle_.esys(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                ESYS_TR_NONE, command));
}

absl::Status PolicySession::AuthValue() {
  return context_->Check(
      "TPM2_PolicyAuthValue",
      Esys_PolicyAuthValue(context_->esys(), handle_.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE));
}

absl::Status PolicySession::Signed(ESYS_TR key, ByteView nonce_tpm, ByteView cp_hash, int32_t expiration,
                                   const TPMT_SIGNATURE& signature) {
  TPM2B_NONCE nonce{};
  TPM2B_DIGEST parameters{};
  if (nonce_tpm.size() > sizeof nonce.buffer || cp_hash.size() > sizeof parameters.buffer || expiration < 0) {
    return absl::InvalidArgumentError("no parameters of a TPM2_PolicySigned that makes no ticket");
  }
  nonce.size = static_cast<UINT16>(nonce_tpm.size());
  std::copy(nonce_tpm.begin(), nonce_tpm.end(), nonce.buffer);
  parameters.size = static_cast<UINT16>(cp_hash.size());
  std::copy(cp_hash.begin(), cp_hash.end(), parameters.buffer);
  const TPM2B_NONCE no_reference{};
  return context_->Check(
      "TPM2_PolicySigned",
      Esys_PolicySigned(context_->esys(), key, handle_.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                        &nonce, &parameters, &no_reference, expiration, &signature, nullptr, nullptr));
}

absl::Status PolicySession::Pcr(const TPML_PCR_SELECTION& pcrs, ByteView pcr_digest) {
  TPM2B_DIGEST digest{};
  if (pcr_digest.size() > sizeof digest.buffer) return absl::InvalidArgumentError("no digest of PCRs");
  digest.size = static_cast<UINT16>(pcr_digest.size());
  std::copy(pcr_digest.begin(), pcr_digest.end(), digest.buffer);
  return context_->Check("TPM2_PolicyPCR", Esys_PolicyPCR(context_->esys(), handle_.esys(), ESYS_TR_NONE,
                                                          ESYS_TR_NONE, ESYS_TR_NONE, &digest, &pcrs));
}

absl::Status PolicySession::Authorize(ByteView approved_policy, ByteView key_name,
                                      const TPMT_TK_VERIFIED& ticket) {
  TPM2B_DIGEST policy{};
  TPM2B_NAME name{};
  if (approved_policy.size() > sizeof policy.buffer || key_name.size() > sizeof name.name) {
    return absl::InvalidArgumentError("no parameters of a TPM2_PolicyAuthorize");
  }
  policy.size = static_cast<UINT16>(approved_policy.size());
  std::copy(approved_policy.begin(), approved_policy.end(), policy.buffer);
  name.size = static_cast<UINT16>(key_name.size());
  std::copy(key_name.begin(), key_name.end(), name.name);
  const TPM2B_NONCE no_reference{};
  return context_->Check("TPM2_PolicyAuthorize",
                         Esys_PolicyAuthorize(context_->esys(), handle_.esys(), ESYS_TR_NONE, ESYS_TR_NONE,
                                              ESYS_TR_NONE, &policy, &no_reference, &name, &ticket));
}

absl::Status PolicySession::Restart() {
  return context_->Check("TPM2_PolicyRestart", Esys_PolicyRestart(context_->esys(), handle_.esys(),
                                                                  ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE));
}

absl::StatusOr<EsysPtr<TPMS_CONTEXT>> PolicySession::Save() && {
  TPMS_CONTEXT* saved = nullptr;
  LABREC_RETURN_IF_ERROR(context_->Check("TPM2_ContextSave of a session",
                                         Esys_ContextSave(context_->esys(), handle_.esys(), &saved)));
  handle_.Take();  // ESAPI has forgotten it
  return EsysPtr<TPMS_CONTEXT>(saved);
}

absl::StatusOr<PolicySession> PolicySession::Resume(Context& context, const TPMS_CONTEXT& saved) {
  ESYS_TR session = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ContextLoad of a session", Esys_ContextLoad(context.esys(), &saved, &session)));
  return PolicySession(context, SessionHandle(context, session));
}

void PolicySession::Forget(Context& context, const TPMS_CONTEXT& saved) {
  ESYS_TR session = ESYS_TR_NONE;
  const TSS2_RC found = Esys_TR_FromTPMPublic(context.esys(), saved.savedHandle, ESYS_TR_NONE, ESYS_TR_NONE,
                                              ESYS_TR_NONE, &session);
  if (found == TSS2_RC_SUCCESS) Release(context, session, OnRelease::kFlush);
}

}  // namespace labrec::hsm::tpm2
