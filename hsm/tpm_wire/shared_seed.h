#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/random_source.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::tpm {

// A fresh seed for a storage key and the form in which only that key's TPM reads it (Part 1, sections B.10.4
// and C.6.4): TPM2B_ENCRYPTED_SECRET with its size. A private header of credential.cc.
struct SharedSeed {
  SecretBytes seed;  // a digest of the key's name algorithm long
  Bytes encrypted;
};

// RSA: OAEP (RFC 8017, section 7.1.1) with the name algorithm and the label "IDENTITY\0". ECC: ECDH with a
// fresh key, then KDFe. All that is random is drawn from `random`: the seed and OAEP's own, or the fresh key.
// INVALID_ARGUMENT if `key` is neither or cannot be used.
absl::StatusOr<SharedSeed> MakeIdentitySeed(const TpmtPublic& key, const RandomSource& random);

}  // namespace labrec::tpm
