#include "hsm/tpm2/counted/index.h"

#include <optional>

#include <tss2/tss2_mu.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::hsm::tpm2 {
namespace {

using tpm::CountingIndexArea;
using tpm::TpmsNvPublic;
using tpm::Written;

constexpr UINT16 kUseCountSize = 8;  // TPMS_NV_PIN_COUNTER_PARAMETERS (part 2, section 13.3)

TPM2B_NV_PUBLIC ToTpm(const TpmsNvPublic& area) {
  const Bytes bytes = area.Marshal();
  TPM2B_NV_PUBLIC out{};
  size_t offset = 0;
  if (Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &offset, &out.nvPublic) != TSS2_RC_SUCCESS)
    std::abort();
  return out;
}

Bytes MarshalArea(const TPMS_NV_PUBLIC& area) {
  Bytes out(sizeof area);
  size_t size = 0;
  if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(&area, out.data(), out.size(), &size) != TSS2_RC_SUCCESS) std::abort();
  out.resize(size);
  return out;
}

// The area of the counting index at this handle. Empty if nothing is there, or something else.
absl::StatusOr<std::optional<FoundCountingIndex>> LookAt(Context& context, uint32_t index) {
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  const NvIndex owned(context, handle);
  TPM2B_NV_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_NV_ReadPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr)));
  const EsysPtr<TPM2B_NV_PUBLIC> owned_area(area);
  FoundCountingIndex found{index, MarshalArea(area->nvPublic),
                           (area->nvPublic.attributes & TPMA_NV_WRITTEN) != 0};
  const absl::StatusOr<TpmsNvPublic> parsed = TpmsNvPublic::Parse(found.index_public);
  if (!parsed.ok()) return std::nullopt;
  TpmsNvPublic expected;
  expected.index = index;
  expected.attributes = (tpm::kNtPinPass << tpm::kNvTypeShift) | tpm::kNvPolicyWrite | tpm::kNvOwnerRead |
                        tpm::kNvNoDa | (parsed->attributes & tpm::kNvWritten);
  expected.auth_policy = parsed->auth_policy;
  expected.data_size = kUseCountSize;
  if (*parsed != expected) return std::nullopt;
  return found;
}

}  // namespace

absl::StatusOr<CountingIndex> DefineCounting(LoadedRealm& realm, uint32_t index,
                                             const EcdsaPublicKey& unlock_key) {
  const TpmsNvPublic area = CountingIndexArea(index, unlock_key, Written::kNo);
  CountingIndex made;
  LABREC_ASSIGN_OR_RETURN(made.handle, DefineIndex(*realm.context, *realm.session, ToTpm(area), SecretBytes(),
                                                   realm.owner_authorization));
  made.name = area.Name();
  return made;
}

absl::StatusOr<CountingIndex> OpenCounting(Context& context, uint32_t index,
                                           const EcdsaPublicKey& unlock_key) {
  CountingIndex found;
  found.name = CountingIndexArea(index, unlock_key, Written::kYes).Name();
  found.written = true;
  absl::StatusOr<NvIndex> handle = OpenIndex(context, {index, found.name}, SecretBytes());
  if (absl::IsFailedPrecondition(handle.status())) {
    found.name = CountingIndexArea(index, unlock_key, Written::kNo).Name();
    found.written = false;
    handle = OpenIndex(context, {index, found.name}, SecretBytes());
  }
  if (absl::IsFailedPrecondition(handle.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the index that counts this record is gone from the TPM, or another one is at 0x", absl::Hex(index),
        " now: the record cannot be used any more; it must be registered anew"));
  }
  LABREC_RETURN_IF_ERROR(handle.status());
  found.handle = *std::move(handle);
  return found;
}

absl::StatusOr<UseCount> ReadUse(LoadedRealm& realm, const CountingIndex& index) {
  if (!index.written) return UseCount{};
  Context& context = *realm.context;
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, realm.owner_authorization.view()));
  TPM2B_MAX_NV_BUFFER* out = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check("TPM2_NV_Read of a record's count (owner hierarchy)",
                                       Esys_NV_Read(context.esys(), ESYS_TR_RH_OWNER, index.handle.esys(),
                                                    realm.session->For(Encrypt::kResponse), ESYS_TR_NONE,
                                                    ESYS_TR_NONE, kUseCountSize, 0, &out)));
  const EsysPtr<TPM2B_MAX_NV_BUFFER> owned(out);
  Reader in(ByteView(out->buffer, std::min<size_t>(out->size, sizeof out->buffer)));
  UseCount use;
  use.count = in.U32();
  use.limit = in.U32();
  if (!in.AtEnd()) return absl::DataLossError("TPM2_NV_Read of a record's count gave no 8 bytes");
  return use;
}

absl::Status TakeUse(LoadedRealm& realm, const CountingIndex& index, PolicySession& policy) {
  return policy.Secret(index.handle.esys(), realm.session->For(Encrypt::kNeither));
}

absl::StatusOr<std::vector<FoundCountingIndex>> ListCounting(Context& context, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> handles, HandlesFrom(context, range.first));
  std::vector<FoundCountingIndex> found;
  for (const uint32_t handle : handles) {
    if (handle - range.first >= range.count) break;
    LABREC_ASSIGN_OR_RETURN(std::optional<FoundCountingIndex> one, LookAt(context, handle));
    if (one) found.push_back(*std::move(one));
  }
  return found;
}

absl::Status RemoveCounting(LoadedRealm& realm, uint32_t index) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const bool defined, IsDefined(context, index));
  if (!defined) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::optional<FoundCountingIndex> found, LookAt(context, index));
  if (!found) {
    return absl::FailedPreconditionError(
        absl::StrCat("what is at 0x", absl::Hex(index), " counts no record; it is left alone"));
  }
  LABREC_ASSIGN_OR_RETURN(const TpmsNvPublic area, TpmsNvPublic::Parse(found->index_public));
  LABREC_ASSIGN_OR_RETURN(NvIndex handle, OpenIndex(context, {index, area.Name()}, SecretBytes()));
  return RemoveIndex(context, *realm.session, std::move(handle), realm.owner_authorization);
}

}  // namespace labrec::hsm::tpm2
