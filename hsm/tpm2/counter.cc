#include "hsm/tpm2/counter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/authorization.h"
#include "hsm/tpm2/capability.h"
#include "hsm/tpm2/commands.h"
#include "hsm/tpm2/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::StatusOr<NvIndex> Define(Context& context, const Session& session, uint32_t index,
                               const SecretBytes& auth_value) {
  TPM2B_AUTH auth{};
  auth.size = static_cast<UINT16>(auth_value.size());
  std::copy_n(auth_value.data(), auth_value.size(), auth.buffer);
  const TPM2B_NV_PUBLIC area = CounterTemplate(index);
  ESYS_TR handle = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_NV_DefineSpace(context.esys(), ESYS_TR_RH_OWNER, session.For(Encrypt::kCommand),
                                         ESYS_TR_NONE, ESYS_TR_NONE, &auth, &area, &handle);
  Wipe(auth.buffer);
  LABREC_RETURN_IF_ERROR(context.Check("TPM2_NV_DefineSpace (owner hierarchy)", rc));
  return NvIndex(context, handle);
}

absl::Status FirstIncrement(Context& context, const Session& session, const NvIndex& counter,
                            const SecretBytes& auth_value) {
  LABREC_RETURN_IF_ERROR(SetAuth(context, counter.esys(), auth_value.view()));
  LABREC_RETURN_IF_ERROR(IncrementCounter(context, session, counter));
  return ReadCounter(context, session, counter).status();
}

// The Name of the index as the TPM now has it: the first increment changed its attributes.
absl::StatusOr<Bytes> NameOfIndex(Context& context, const Session& session, uint32_t index) {
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic", Esys_TR_FromTPMPublic(context.esys(), index, session.For(Encrypt::kNeither),
                                                  ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  const NvIndex counter(context, handle);
  return NameOf(context, counter.esys());
}

}  // namespace

absl::StatusOr<uint32_t> FreeIndex(Context& context, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> used, HandlesFrom(context, TPM2_NV_INDEX_FIRST));
  for (uint32_t index = range.first; index - range.first < range.count; ++index) {
    if (std::find(used.begin(), used.end(), index) == used.end()) return index;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("all ", range.count, " NV indices from 0x0", absl::Hex(range.first),
                   " on are in use; remove what is not needed (tpm2_nvundefine)"));
}

absl::StatusOr<CounterState> MakeCounter(Context& context, const Session& session, IndexRange range,
                                         const SecretBytes& authorization,
                                         const SecretBytes& owner_authorization) {
  CounterState state;
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(authorization, kCounterAuth));
  LABREC_ASSIGN_OR_RETURN(state.index, FreeIndex(context, range));
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  LABREC_ASSIGN_OR_RETURN(NvIndex counter, Define(context, session, state.index, auth));
  absl::Status made = FirstIncrement(context, session, counter, auth);
  if (made.ok()) {
    absl::StatusOr<Bytes> name = NameOfIndex(context, session, state.index);
    if (name.ok()) state.name = *std::move(name);
    made = name.status();
  }
  if (made.ok()) return state;
  (void)RemoveCounter(context, session, std::move(counter), owner_authorization);
  return made;
}

absl::Status RemoveCounter(Context& context, const Session& session, NvIndex counter,
                           const SecretBytes& owner_authorization) {
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  const TSS2_RC rc = Esys_NV_UndefineSpace(context.esys(), ESYS_TR_RH_OWNER, counter.esys(),
                                           session.For(Encrypt::kNeither), ESYS_TR_NONE, ESYS_TR_NONE);
  if (rc == TSS2_RC_SUCCESS) counter.Take();  // ESAPI has forgotten it
  return context.Check("TPM2_NV_UndefineSpace (owner hierarchy)", rc);
}

}  // namespace labrec::hsm::tpm2
