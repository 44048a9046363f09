#pragma once

#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/link/session.h"

// A private header: it brings the TSS with it. Single commands, each authorised and protected by the session,
// which for Multiply and Hmac is set to encrypt both ways.
namespace labrec::hsm::tpm2 {

// k * element (TPM2_ECDH_ZGen, part 3, section 14.5).
absl::StatusOr<P256Point> Multiply(Context& context, ESYS_TR session, ESYS_TR key, const P256Point& element);

// HMAC-SHA-256 over at most 1024 bytes (TPM2_HMAC, part 3, section 15.5): 32 bytes.
inline constexpr size_t kMaxHmacMessage = 1024;
absl::StatusOr<SecretBytes> Hmac(Context& context, ESYS_TR session, ESYS_TR key, ByteView message);

// All `size` bytes of an index, read with its own authorisation value (TPM2_NV_Read, part 3, section 31.13).
absl::StatusOr<Bytes> ReadIndex(Context& context, const Session& session, const NvIndex& index, size_t size);
// Writes all bytes of an ordinary index (TPM2_NV_Write, part 3, section 31.7); at most 64 bytes.
absl::Status WriteIndex(Context& context, const Session& session, const NvIndex& index, ByteView content);

absl::StatusOr<uint64_t> ReadCounter(Context& context, const Session& session, const NvIndex& counter);
// TPM2_NV_Increment (part 3, section 31.8). With a status that leaves damage() at kBroken the counter may or
// may not have moved.
absl::Status IncrementCounter(Context& context, const Session& session, const NvIndex& counter);

// TPM2_GetRandom (part 3, section 16.1) until `out` is full.
absl::Status GetRandom(Context& context, const Session& session, std::span<uint8_t> out);

}  // namespace labrec::hsm::tpm2
