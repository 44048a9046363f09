#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"

// A private header: it brings the TSS with it. Public areas (TPM 2.0 part 2, section 12.2) of what we make.
namespace labrec::hsm::tpm2 {

// The storage root key of TCG's "TPM v2.0 Provisioning Guidance", section 7.5.1: restricted ECC P-256
// decryption key with AES-128-CFB. As a primary key it is the same each time it is created, until TPM2_Clear.
TPM2B_PUBLIC StorageKeyTemplate();

// P-256 for ECDH, unrestricted: TPM2_ECDH_ZGen takes any point.
TPM2B_PUBLIC EvaluationKeyTemplate();

// HMAC-SHA-256 with a key of 32 bytes that the TPM makes.
TPM2B_PUBLIC HmacKeyTemplate();

// The same key, but with this policy (a SHA-256 digest), and its authorisation value alone not enough to use
// it.
TPM2B_PUBLIC UnderPolicy(TPM2B_PUBLIC area, ByteView policy);

// A counter that only its own authorisation value reads and increments, not ORDERLY: an orderly one is kept
// in RAM, jumps after a power loss, and would open a window of rollbacks.
TPM2B_NV_PUBLIC CounterTemplate(uint32_t index);

// `size` bytes that only its own authorisation value reads and writes.
TPM2B_NV_PUBLIC ClaimTemplate(uint32_t index, size_t size);

// True if `area` is what the TPM makes from `pattern`: equal in all but `unique`.
bool MadeFrom(const TPM2B_PUBLIC& area, const TPM2B_PUBLIC& pattern);

// True if keys can be made under this one and sessions salted with it: a storage key that was made in the
// TPM, ECC P-256 or RSA, with SHA-256 names.
bool IsStorageKey(const TPM2B_PUBLIC& area);

// The public key of an ECC P-256 key. DATA_LOSS if it is none.
absl::StatusOr<P256Point> PublicPointOf(const TPM2B_PUBLIC& area);

// Between our points and the TPM's; a TPM may leave out leading zeros. DATA_LOSS if it is not on the curve.
absl::StatusOr<P256Point> FromTpm(const TPMS_ECC_POINT& point);
TPM2B_ECC_POINT ToTpm(const P256Point& point);

// As they stand in a DeviceState. Unmarshalling: INVALID_ARGUMENT if the bytes are none, or some are left
// over.
Bytes Marshal(const TPM2B_PUBLIC& area);
Bytes Marshal(const TPM2B_PRIVATE& area);
absl::StatusOr<TPM2B_PUBLIC> UnmarshalPublic(ByteView bytes);
absl::StatusOr<TPM2B_PRIVATE> UnmarshalPrivate(ByteView bytes);

}  // namespace labrec::hsm::tpm2
