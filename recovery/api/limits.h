#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace labrec::recovery {

// How much an account may keep, and how long the parts of messages are. Realms and clients both keep to
// these; docs/protocol.md gives the same numbers.
inline constexpr size_t kMostDevices = 32;
inline constexpr size_t kMostRecords = 16;
inline constexpr size_t kMostRealms = 16;  // of one record
inline constexpr uint32_t kMostGuesses = 20;
inline constexpr uint32_t kMostRegistrationEvaluations = 2;

inline constexpr size_t kRealmIdBytes = 16;
inline constexpr size_t kRegistrationIdBytes = 16;
inline constexpr size_t kChallengeBytes = 32;
inline constexpr size_t kNonceBytes = 32;      // of what a chip or an attestation key is to state
inline constexpr size_t kSpkiBytes = 91;       // a P-256 key as SubjectPublicKeyInfo
inline constexpr size_t kSignatureBytes = 64;  // r || s
inline constexpr size_t kCommitmentBytes = 32;
inline constexpr size_t kMostConfigBytes = 8192;
inline constexpr size_t kMostSealedSecretBytes = 2048;
inline constexpr size_t kMostSealedPrivateBytes = kMostSealedSecretBytes + 28;  // AES-256-GCM nonce and tag
// A version's number stands at most so far above the highest finished one: else one registration of 2^32-1
// would be the record's last.
inline constexpr uint32_t kMostVersionStep = 65536;
inline constexpr size_t kMostChipKeyBytes = 1024;
inline constexpr size_t kSealedAnswerBytes = 33 + 28;  // a compressed point; AES-256-GCM nonce and tag

// Handles of NV indices: TPM 2.0 part 2, section 7.2.
constexpr bool IsIndexHandle(uint32_t handle) {
  return handle >> 24 == 0x01;
}

// Wrong guesses that a record takes between two successes: 1 to kMostGuesses.
constexpr bool IsGuessLimit(uint32_t guesses) {
  return guesses >= 1 && guesses <= kMostGuesses;
}
// INVALID_ARGUMENT, with `what` as the subject, unless IsGuessLimit.
absl::Status CheckGuessLimit(std::string_view what, uint32_t guesses);

}  // namespace labrec::recovery
