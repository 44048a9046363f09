#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::tpm {

// A fresh seed for a storage key and the form in which only that key's TPM reads it (Part 1, sections B.10.4
// and C.6.4): TPM2B_ENCRYPTED_SECRET with its size. A private header of credential.cc.
struct SharedSeed {
  SecretBytes seed;  // a digest of the key's name algorithm long
  Bytes encrypted;
};

// RSA: OAEP with the name algorithm and the label "IDENTITY\0". ECC: ECDH with a fresh key, then KDFe.
// INVALID_ARGUMENT if `key` is neither or cannot be used.
absl::StatusOr<SharedSeed> MakeIdentitySeed(const TpmtPublic& key);

}  // namespace labrec::tpm
