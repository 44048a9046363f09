#include "hsm/tpm2/link/handle.h"

#include <algorithm>

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {

void Release(Context& context, ESYS_TR handle, OnRelease how) {
  if (how == OnRelease::kFlush && context.damage() != Damage::kBroken) {
    const TSS2_RC rc = Esys_FlushContext(context.esys(), handle);
    if (rc == TSS2_RC_SUCCESS) return;
    (void)context.Check("TPM2_FlushContext", rc);  // a connection that broke here is broken for the next one
  }
  (void)Esys_TR_Close(context.esys(), &handle);
}

absl::StatusOr<Bytes> NameOf(Context& context, ESYS_TR handle) {
  TPM2B_NAME* name = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check("Esys_TR_GetName", Esys_TR_GetName(context.esys(), handle, &name)));
  const EsysPtr<TPM2B_NAME> owned(name);
  return Bytes(name->name, name->name + name->size);
}

absl::Status SetAuth(Context& context, ESYS_TR handle, ByteView auth_value) {
  while (!auth_value.empty() && auth_value.back() == 0) auth_value = auth_value.first(auth_value.size() - 1);
  TPM2B_AUTH auth{};
  if (auth_value.size() > sizeof auth.buffer) {
    return absl::InvalidArgumentError("an authorisation value has at most 64 bytes");
  }
  auth.size = static_cast<UINT16>(auth_value.size());
  std::copy(auth_value.begin(), auth_value.end(), auth.buffer);
  const TSS2_RC rc = Esys_TR_SetAuth(context.esys(), handle, &auth);
  Wipe(auth.buffer);
  return context.Check("Esys_TR_SetAuth", rc);
}

}  // namespace labrec::hsm::tpm2
