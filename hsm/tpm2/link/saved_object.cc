#include "hsm/tpm2/link/saved_object.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<SavedObject> SavedObject::Save(Context& context, const TransientObject& object) {
  TPMS_CONTEXT* saved = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ContextSave", Esys_ContextSave(context.esys(), object.esys(), &saved)));
  return SavedObject(EsysPtr<TPMS_CONTEXT>(saved));
}

absl::StatusOr<TransientObject> SavedObject::Load(Context& context) const {
  ESYS_TR loaded = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ContextLoad", Esys_ContextLoad(context.esys(), saved_.get(), &loaded)));
  return TransientObject(context, loaded);
}

}  // namespace labrec::hsm::tpm2
