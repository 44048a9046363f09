#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::hsm::tpm2 {

inline constexpr size_t kAuthorizationSize = 32;

// What an authorisation value is for; each object has its own.
inline constexpr char kEvaluationKeyAuth[] = "evaluation-key";
inline constexpr char kHmacKeyAuth[] = "hmac-key";
inline constexpr char kCounterAuth[] = "counter";
inline constexpr char kClaimAuth[] = "claim";
inline constexpr char kPeriodAuth[] = "period";

// The authorisation value of one object: 32 bytes, HKDF-Expand of the realm's authorisation and the object's
// purpose. It never ends in a zero byte, which the TPM would drop and tpm2-tss 3.2 would not.
// INVALID_ARGUMENT unless `authorization` has 32 bytes.
absl::StatusOr<SecretBytes> AuthValue(const SecretBytes& authorization, std::string_view purpose);

}  // namespace labrec::hsm::tpm2
