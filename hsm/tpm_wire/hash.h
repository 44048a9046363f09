#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::tpm {

// The hash algorithms that the verifier trusts in names, signatures and policies, with the TPM's own numbers
// (Part 2, section 6.3). SHA-1 is not among them.
enum class HashAlgorithm : uint16_t { kSha256 = 0x000B, kSha384 = 0x000C, kSha512 = 0x000D };

// nullopt for a number that is none of these.
std::optional<HashAlgorithm> HashAlgorithmOf(uint16_t alg_id);
inline uint16_t AlgId(HashAlgorithm algorithm) {
  return static_cast<uint16_t>(algorithm);
}

// Bytes of a digest: 32, 48 or 64.
size_t DigestSize(HashAlgorithm algorithm);
// OpenSSL's name of it, "SHA256" and so on.
const char* DigestName(HashAlgorithm algorithm);

// The hash of the parts, one after the other. Any thread.
Bytes Hash(HashAlgorithm algorithm, std::initializer_list<ByteView> parts);
SecretBytes HashSecret(HashAlgorithm algorithm, std::initializer_list<ByteView> parts);
// HMAC (RFC 2104) of the parts, one after the other. Any thread.
SecretBytes Hmac(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> parts);

}  // namespace labrec::tpm
