#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/random_source.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::tpm {

// What TPM2_ActivateCredential takes (Part 3, section 12.5).
struct CredentialBlob {
  Bytes id_object;         // TPM2B_ID_OBJECT (Part 2, section 12.4.3), size included
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET (Part 2, section 11.4.3), size included
};

// TPM2_MakeCredential in software (Part 1, section 24; Part 3, section 12.6): only the TPM with the private
// part of `ek` gets `credential` back out, and only while an object with the Name `object_name` is loaded in
// it, private part included.
//
// `ek` is an RSA or ECC storage key with AES; `credential` is at most a digest of its name algorithm long.
// INVALID_ARGUMENT otherwise. What else it takes that is random comes from `random`. Any thread.
absl::StatusOr<CredentialBlob> MakeCredential(const TpmtPublic& ek, ByteView object_name,
                                              const SecretBytes& credential, const RandomSource& random);

}  // namespace labrec::tpm
