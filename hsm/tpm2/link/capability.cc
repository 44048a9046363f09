#include "hsm/tpm2/link/capability.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/handle.h"

namespace labrec::hsm::tpm2 {
namespace {

struct Page {
  EsysPtr<TPMS_CAPABILITY_DATA> data;
  bool more = false;
};

absl::StatusOr<Page> GetCapability(Context& context, TPM2_CAP capability, uint32_t property, uint32_t count) {
  TPMI_YES_NO more = TPM2_NO;
  TPMS_CAPABILITY_DATA* data = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_GetCapability", Esys_GetCapability(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                               capability, property, count, &more, &data)));
  Page page{EsysPtr<TPMS_CAPABILITY_DATA>(data), more == TPM2_YES};
  if (data->capability != capability)
    return absl::DataLossError("TPM2_GetCapability gave another capability");
  return page;
}

absl::Status FlushAll(Context& context, const std::vector<uint32_t>& handles) {
  for (const uint32_t handle : handles) {
    ESYS_TR object = ESYS_TR_NONE;
    LABREC_RETURN_IF_ERROR(context.Check(
        "looking at what is left in the TPM",
        Esys_TR_FromTPMPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object)));
    Release(context, object, OnRelease::kFlush);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> HandlesFrom(Context& context, uint32_t first) {
  std::vector<uint32_t> handles;
  uint32_t next = first;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(const Page page,
                            GetCapability(context, TPM2_CAP_HANDLES, next, TPM2_MAX_CAP_HANDLES));
    const TPML_HANDLE& list = page.data->data.handles;
    handles.insert(handles.end(), list.handle,
                   list.handle + std::min<uint32_t>(list.count, TPM2_MAX_CAP_HANDLES));
    if (!page.more || list.count == 0) return handles;
    next = handles.back() + 1;
  }
}

absl::StatusOr<uint32_t> Property(Context& context, uint32_t property) {
  LABREC_ASSIGN_OR_RETURN(const Page page, GetCapability(context, TPM2_CAP_TPM_PROPERTIES, property, 1));
  const TPML_TAGGED_TPM_PROPERTY& list = page.data->data.tpmProperties;
  // A TPM that does not know this property begins with the next one that it knows.
  return list.count > 0 && list.tpmProperty[0].property == property ? list.tpmProperty[0].value : 0;
}

absl::StatusOr<bool> HasCommand(Context& context, uint32_t command_code) {
  LABREC_ASSIGN_OR_RETURN(const Page page, GetCapability(context, TPM2_CAP_COMMANDS, command_code, 1));
  const TPML_CCA& list = page.data->data.command;
  return list.count > 0 && (list.commandAttributes[0] & TPMA_CC_COMMANDINDEX_MASK) == command_code;
}

absl::StatusOr<bool> HasCurve(Context& context, uint16_t curve) {
  LABREC_ASSIGN_OR_RETURN(const Page page, GetCapability(context, TPM2_CAP_ECC_CURVES, curve, 1));
  const TPML_ECC_CURVE& list = page.data->data.eccCurves;
  return list.count > 0 && list.eccCurves[0] == curve;
}

absl::Status FlushWhatIsLeft(Context& context) {
  return FlushAllBut(context, {}).status();
}

// The TPM lists a saved session without its type: part 3, section 30.2, "TPM_HT_SAVED_SESSION".
absl::StatusOr<std::vector<uint32_t>> FlushAllBut(Context& context, const std::vector<uint32_t>& saved) {
  if (context.has_resource_manager()) return std::vector<uint32_t>();
  for (const uint32_t first : {TPM2_TRANSIENT_FIRST, TPM2_LOADED_SESSION_FIRST}) {
    LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> left, HandlesFrom(context, first));
    LABREC_RETURN_IF_ERROR(FlushAll(context, left));
  }
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> active,
                          HandlesFrom(context, TPM2_ACTIVE_SESSION_FIRST));
  std::vector<uint32_t> spared, left;
  for (const uint32_t handle : active) {
    const bool known = std::ranges::any_of(
        saved, [handle](uint32_t each) { return ((each ^ handle) & TPM2_HR_HANDLE_MASK) == 0; });
    (known ? spared : left).push_back(handle);
  }
  LABREC_RETURN_IF_ERROR(FlushAll(context, left));
  return spared;
}

}  // namespace labrec::hsm::tpm2
