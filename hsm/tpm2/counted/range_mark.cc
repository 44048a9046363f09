#include "hsm/tpm2/counted/range_mark.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr UINT16 kMarkSize = 16;  // a realm's id

TPM2B_NV_PUBLIC MarkArea(uint32_t index) {
  TPM2B_NV_PUBLIC area{};
  area.nvPublic.nvIndex = index;
  area.nvPublic.nameAlg = TPM2_ALG_SHA256;
  area.nvPublic.attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA;
  area.nvPublic.dataSize = kMarkSize;
  return area;
}

bool IsMark(const TPMS_NV_PUBLIC& area) {
  const TPM2B_NV_PUBLIC expected = MarkArea(area.nvIndex);
  return (area.attributes & ~TPMA_NV_WRITTEN) == expected.nvPublic.attributes && area.dataSize == kMarkSize &&
         area.authPolicy.size == 0;
}

struct FoundMark {
  NvIndex handle;
  bool written = false;
};

absl::StatusOr<std::optional<FoundMark>> FindMark(Context& context, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const bool defined, IsDefined(context, range.first));
  if (!defined) return std::nullopt;
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), range.first, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  FoundMark found{NvIndex(context, handle)};
  TPM2B_NV_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_NV_ReadPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr)));
  const EsysPtr<TPM2B_NV_PUBLIC> owned(area);
  if (!IsMark(area->nvPublic)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the NV index 0x", absl::Hex(range.first),
                     " belongs to something else; choose another range (counted-first=0x... in the device's "
                     "address)"));
  }
  found.written = (area->nvPublic.attributes & TPMA_NV_WRITTEN) != 0;
  return found;
}

absl::Status WriteMark(LoadedRealm& realm, const NvIndex& mark, ByteView realm_id) {
  TPM2B_MAX_NV_BUFFER in{};
  in.size = kMarkSize;
  std::copy_n(realm_id.begin(), kMarkSize, in.buffer);
  return realm.context->Check(
      "TPM2_NV_Write of the mark of a range (owner hierarchy)",
      Esys_NV_Write(realm.context->esys(), ESYS_TR_RH_OWNER, mark.esys(),
                    realm.session->For(Encrypt::kCommand), ESYS_TR_NONE, ESYS_TR_NONE, &in, 0));
}

}  // namespace

absl::StatusOr<std::optional<Bytes>> ReadRangeMark(LoadedRealm& realm, IndexRange range) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const std::optional<FoundMark> found, FindMark(context, range));
  if (!found || !found->written) return std::nullopt;
  LABREC_RETURN_IF_ERROR(SetAuth(context, ESYS_TR_RH_OWNER, realm.owner_authorization.view()));
  TPM2B_MAX_NV_BUFFER* out = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_Read of the mark of a range (owner hierarchy)",
      Esys_NV_Read(context.esys(), ESYS_TR_RH_OWNER, found->handle.esys(),
                   realm.session->For(Encrypt::kResponse), ESYS_TR_NONE, ESYS_TR_NONE, kMarkSize, 0, &out)));
  const EsysPtr<TPM2B_MAX_NV_BUFFER> owned(out);
  return Bytes(out->buffer, out->buffer + std::min<size_t>(out->size, sizeof out->buffer));
}

absl::Status MarkRange(LoadedRealm& realm, IndexRange range, ByteView realm_id) {
  if (realm_id.size() != kMarkSize) return absl::InvalidArgumentError("a realm id has 16 bytes");
  LABREC_ASSIGN_OR_RETURN(const std::optional<Bytes> there, ReadRangeMark(realm, range));
  if (there) {
    if (SameBytes(*there, realm_id)) return absl::OkStatus();
    return absl::FailedPreconditionError("this range of NV indices belongs to another realm");
  }
  LABREC_ASSIGN_OR_RETURN(std::optional<FoundMark> found, FindMark(*realm.context, range));
  if (!found) {
    found.emplace();
    LABREC_ASSIGN_OR_RETURN(found->handle, DefineIndex(*realm.context, *realm.session, MarkArea(range.first),
                                                       SecretBytes(), realm.owner_authorization));
  }
  LABREC_RETURN_IF_ERROR(SetAuth(*realm.context, ESYS_TR_RH_OWNER, realm.owner_authorization.view()));
  return WriteMark(realm, found->handle, realm_id);
}

absl::Status RemoveRangeMark(LoadedRealm& realm, IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(std::optional<FoundMark> found, FindMark(*realm.context, range));
  if (!found) return absl::OkStatus();
  return RemoveIndex(*realm.context, *realm.session, std::move(found->handle), realm.owner_authorization);
}

}  // namespace labrec::hsm::tpm2
