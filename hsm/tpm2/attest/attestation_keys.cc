#include "hsm/tpm2/attest/attestation_keys.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status CheckHierarchy(Context& context) {
  LABREC_ASSIGN_OR_RETURN(const uint32_t permanent, Property(context, TPM2_PT_PERMANENT));
  if ((permanent & TPMA_PERMANENT_ENDORSEMENTAUTHSET) != 0) {
    return absl::FailedPreconditionError(
        "the TPM's endorsement hierarchy has an authorisation value; attestation needs it empty "
        "(tpm2_changeauth -c endorsement)");
  }
  return absl::OkStatus();
}

// Loads the saved key. Makes it anew where none was saved, or where the TPM was reset since.
absl::StatusOr<TransientObject> LoadOrMake(Context& context, const TPM2B_PUBLIC& pattern,
                                           std::optional<SavedObject>& saved) {
  if (saved.has_value()) {
    absl::StatusOr<TransientObject> loaded = saved->Load(context);
    if (loaded.ok() || context.damage() != Damage::kNone) return loaded;
    saved.reset();
  }
  LABREC_RETURN_IF_ERROR(CheckHierarchy(context));
  LABREC_ASSIGN_OR_RETURN(TransientObject made, CreateEndorsementPrimary(context, pattern));
  LABREC_ASSIGN_OR_RETURN(saved, SavedObject::Save(context, made));
  return made;
}

}  // namespace

TPM2B_PUBLIC AttestationKeyTemplate() {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                     TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                     TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
  TPMS_ECC_PARMS& parameters = area.publicArea.parameters.eccDetail;
  parameters.symmetric.algorithm = TPM2_ALG_NULL;
  parameters.scheme.scheme = TPM2_ALG_ECDSA;
  parameters.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  parameters.curveID = TPM2_ECC_NIST_P256;
  parameters.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

absl::StatusOr<TransientObject> AttestationKeys::LoadAk(Context& context) {
  return LoadOrMake(context, AttestationKeyTemplate(), ak_);
}

absl::StatusOr<EndorsementKey> AttestationKeys::LoadEk(Context& context, const EkTemplate& made_from) {
  if (!persistent_ek_.has_value() && !ek_.has_value()) {
    LABREC_ASSIGN_OR_RETURN(persistent_ek_, PersistentEk(context, made_from));
  }
  if (persistent_ek_.has_value()) {
    LABREC_ASSIGN_OR_RETURN(PersistentObject persistent, OpenPersistentEk(context, *persistent_ek_));
    return EndorsementKey(std::move(persistent));
  }
  LABREC_ASSIGN_OR_RETURN(TransientObject primary, LoadOrMake(context, made_from.pattern(), ek_));
  return EndorsementKey(std::move(primary));
}

}  // namespace labrec::hsm::tpm2
