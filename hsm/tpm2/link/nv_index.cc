#include "hsm/tpm2/link/nv_index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"

namespace labrec::hsm::tpm2 {
namespace {

std::string IndexText(uint32_t index) {
  return absl::StrCat("0x", absl::Hex(index, absl::kZeroPad8));
}

absl::StatusOr<NvIndex> KnownIndex(Context& context, uint32_t index) {
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      absl::StrCat("TPM2_NV_ReadPublic of ", IndexText(index)),
      Esys_TR_FromTPMPublic(context.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  return NvIndex(context, handle);
}

}  // namespace

absl::StatusOr<uint32_t> FreeIndex(Context& context, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> used, HandlesFrom(context, TPM2_NV_INDEX_FIRST));
  for (uint32_t index = range.first; index - range.first < range.count; ++index) {
    if (std::find(used.begin(), used.end(), index) == used.end()) return index;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("all ", range.count, " NV indices from ", IndexText(range.first),
                   " on are in use; remove what is not needed (tpm2_nvundefine)"));
}

absl::StatusOr<bool> IsDefined(Context& context, uint32_t index) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> used, HandlesFrom(context, index));
  return !used.empty() && used.front() == index;
}

absl::StatusOr<NvIndex> DefineIndex(Context& context, const Session& session, const TPM2B_NV_PUBLIC& area,
                                    const SecretBytes& auth_value, const SecretBytes& owner_authorization) {
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  TPM2B_AUTH auth{};
  auth.size = static_cast<UINT16>(auth_value.size());
  std::copy_n(auth_value.data(), auth_value.size(), auth.buffer);
  ESYS_TR handle = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_NV_DefineSpace(context.esys(), ESYS_TR_RH_OWNER, session.For(Encrypt::kCommand),
                                         ESYS_TR_NONE, ESYS_TR_NONE, &auth, &area, &handle);
  Wipe(auth.buffer);
  LABREC_RETURN_IF_ERROR(context.Check("TPM2_NV_DefineSpace (owner hierarchy)", rc));
  NvIndex index(context, handle);
  LABREC_RETURN_IF_ERROR(SetAuth(context, index.esys(), auth_value.view()));
  return index;
}

absl::StatusOr<IndexState> DescribeIndex(Context& context, const NvIndex& handle, uint32_t index) {
  LABREC_ASSIGN_OR_RETURN(Bytes name, NameOf(context, handle.esys()));
  return IndexState{index, std::move(name)};
}

absl::StatusOr<NvIndex> OpenIndex(Context& context, const IndexState& state, const SecretBytes& auth_value) {
  LABREC_ASSIGN_OR_RETURN(NvIndex index, KnownIndex(context, state.index));
  LABREC_ASSIGN_OR_RETURN(const Bytes name, NameOf(context, index.esys()));
  if (name != state.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("the NV index ", IndexText(state.index), " is not the one that was provisioned"));
  }
  LABREC_RETURN_IF_ERROR(SetAuth(context, index.esys(), auth_value.view()));
  return index;
}

absl::Status RemoveIndex(Context& context, const Session& session, NvIndex index,
                         const SecretBytes& owner_authorization) {
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  const TSS2_RC rc = Esys_NV_UndefineSpace(context.esys(), ESYS_TR_RH_OWNER, index.esys(),
                                           session.For(Encrypt::kNeither), ESYS_TR_NONE, ESYS_TR_NONE);
  if (rc == TSS2_RC_SUCCESS) index.Take();  // ESAPI has forgotten it
  return context.Check("TPM2_NV_UndefineSpace (owner hierarchy)", rc);
}

}  // namespace labrec::hsm::tpm2
