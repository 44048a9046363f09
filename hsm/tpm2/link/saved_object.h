#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/handle.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A transient object that was moved out of the TPM (TPM2_ContextSave, part 3, section 28.2), encrypted by the
// TPM: it takes no slot and can be loaded again, until the TPM is reset.
class SavedObject {
 public:
  // Saves it; the object itself stays loaded as long as its owner keeps it.
  static absl::StatusOr<SavedObject> Save(Context& context, const TransientObject& object);
  // Loads it, without an authorisation value: SetAuth gives it one. FAILED_PRECONDITION if the TPM was reset
  // since.
  absl::StatusOr<TransientObject> Load(Context& context) const;

 private:
  explicit SavedObject(EsysPtr<TPMS_CONTEXT> saved) : saved_(std::move(saved)) {}
  EsysPtr<TPMS_CONTEXT> saved_;
};

}  // namespace labrec::hsm::tpm2
