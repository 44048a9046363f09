#include "hsm/tpm2/link/session.h"

#include <cstdlib>

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<Session> Session::StartHmac(Context& context, ESYS_TR salt_key) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  ESYS_TR session = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_StartAuthSession",
      Esys_StartAuthSession(context.esys(), salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            nullptr, TPM2_SE_HMAC, &symmetric, TPM2_ALG_SHA256, &session)));
  return Session(context, SessionHandle(context, session));
}

absl::StatusOr<Session> Session::StartUnsaltedHmac(Context& context) {
  return StartHmac(context, ESYS_TR_NONE);
}

ESYS_TR Session::For(Encrypt what) const {
  TPMA_SESSION flags = TPMA_SESSION_CONTINUESESSION;
  if (what == Encrypt::kCommand || what == Encrypt::kBoth) flags |= TPMA_SESSION_DECRYPT;
  if (what == Encrypt::kResponse || what == Encrypt::kBoth) flags |= TPMA_SESSION_ENCRYPT;
  constexpr TPMA_SESSION kAll = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
  // Fails only for a handle that is no session of this context. Going on would send a secret in clear.
  if (Esys_TRSess_SetAttributes(context_->esys(), handle_.esys(), flags, kAll) != TSS2_RC_SUCCESS)
    std::abort();
  return handle_.esys();
}

}  // namespace labrec::hsm::tpm2
