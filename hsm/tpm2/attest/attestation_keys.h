#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "hsm/tpm2/attest/endorsement_key.h"
#include "hsm/tpm2/link/saved_object.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// The attestation key: restricted ECDSA on P-256 with SHA-256, a primary key of the endorsement hierarchy.
// There the TPM does not obscure its firmware version (part 1, section 36.7), and there is nothing to keep:
// the template gives the same key until the hierarchy's seed changes. Its authValue is empty: it signs only
// what the TPM itself composed.
TPM2B_PUBLIC AttestationKeyTemplate();

// A TPM's EK and AK during one connection. Each is made once and then kept outside, encrypted by the TPM, so
// that it takes a slot only while it is used.
class AttestationKeys {
 public:
  // FAILED_PRECONDITION, saying what to do, if the endorsement hierarchy has an authorisation value or is
  // disabled.
  absl::StatusOr<TransientObject> LoadAk(Context& context);
  // The EK of `made_from`: a persistent one takes a slot too, while it is used.
  absl::StatusOr<EndorsementKey> LoadEk(Context& context, const EkTemplate& made_from);

 private:
  std::optional<SavedObject> ak_;
  std::optional<SavedObject> ek_;
  std::optional<uint32_t> persistent_ek_;
};

}  // namespace labrec::hsm::tpm2
