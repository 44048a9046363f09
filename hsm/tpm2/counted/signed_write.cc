#include "hsm/tpm2/counted/signed_write.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/external_key.h"
#include "hsm/tpm_wire/cp_hash.h"

namespace labrec::hsm::tpm2 {
namespace {

tpm::IndexWriteData DataOf(const LimitWrite& write) {
  return tpm::DataOf(write.index.written ? tpm::Written::kYes : tpm::Written::kNo, write.limit);
}

Digest CpHashOf(const LimitWrite& write) {
  return tpm::IndexWriteCpHash(write.index.name, DataOf(write));
}

absl::Status Authorize(LoadedRealm& realm, const LimitWrite& write, PolicySession& policy, ByteView nonce_tpm,
                       ByteView signature) {
  LABREC_ASSIGN_OR_RETURN(const TransientObject key,
                          LoadExternalKey(*realm.context, write.unlock_key, ESYS_TR_RH_NULL));
  LABREC_RETURN_IF_ERROR(policy.Signed(key.esys(), nonce_tpm, CpHashOf(write), tpm::kWriteExpirationSeconds,
                                       EcdsaSignature(signature)));
  return policy.CommandCode(TPM2_CC_NV_Write);
}

// No second session: one that encrypted the parameter would change what cpHash is about (part 1, section
// 16.7). cpHash protects the command on the bus, and reading back what was done.
absl::Status WriteLimit(LoadedRealm& realm, const LimitWrite& write, const PolicySession& policy) {
  const tpm::IndexWriteData data = DataOf(write);
  TPM2B_MAX_NV_BUFFER in{};
  in.size = static_cast<UINT16>(data.bytes.size());
  std::copy(data.bytes.begin(), data.bytes.end(), in.buffer);
  return realm.context->Check(
      "TPM2_NV_Write of a record's limit",
      Esys_NV_Write(realm.context->esys(), write.index.handle.esys(), write.index.handle.esys(), policy.For(),
                    ESYS_TR_NONE, ESYS_TR_NONE, &in, data.offset));
}

}  // namespace

absl::Status CheckWriteSignature(const LimitWrite& write, ByteView nonce_tpm, ByteView signature) {
  if (write.unlock_key.Verify(tpm::SignedAuthorization(nonce_tpm, CpHashOf(write)), signature)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat("the signature is not the unlock key's over a write of limit ", write.limit,
                   " to this index in this session"));
}

absl::StatusOr<UseCount> WriteLimit(LoadedRealm& realm, const LimitWrite& write, PolicySession policy,
                                    ByteView nonce_tpm, ByteView signature) {
  LABREC_RETURN_IF_ERROR(Authorize(realm, write, policy, nonce_tpm, signature));
  LABREC_RETURN_IF_ERROR(WriteLimit(realm, write, policy));
  write.index.written = true;
  LABREC_ASSIGN_OR_RETURN(write.index.name, NameOf(*realm.context, write.index.handle.esys()));
  LABREC_ASSIGN_OR_RETURN(const UseCount use, ReadUse(realm, write.index));
  if (use.limit == write.limit) return use;
  return absl::DataLossError(absl::StrCat("the TPM took a write of limit ", write.limit, " and holds count ",
                                          use.count, " of ", use.limit,
                                          " now: it is faulty, or somebody else writes too"));
}

}  // namespace labrec::hsm::tpm2
