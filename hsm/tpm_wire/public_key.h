#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/openssl_ptr.h"
#include "hsm/tpm_wire/tpmt_public.h"

// A private header: it brings OpenSSL with it.
namespace labrec::tpm {

// OpenSSL's form of the public key of an RSA or ECC area. INVALID_ARGUMENT if there is none: the point is not
// on the curve, the modulus is empty or even, the exponent is no odd number above 2^16.
absl::StatusOr<PkeyPtr> PublicKeyOf(const TpmtPublic& area);

// True if both are the same public key, parameters included.
bool SameKey(const EVP_PKEY* a, const EVP_PKEY* b);

// "prime256v1" and so on; nullptr for a curve that this verifier does not know.
const char* GroupName(uint16_t curve);
// Bytes of a coordinate on the curve.
size_t CoordinateSize(uint16_t curve);

}  // namespace labrec::tpm
