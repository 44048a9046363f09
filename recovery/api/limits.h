#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace labrec::recovery {

// How much an account may keep, and how long its parts may be. docs/protocol.md gives the same numbers.
inline constexpr size_t kMostDevices = 32;
inline constexpr size_t kMostDeviceNameBytes = 64;
inline constexpr size_t kMostRecords = 16;
inline constexpr size_t kMostRecordNameBytes = 64;
inline constexpr size_t kMostIdentifierBytes = 128;  // tenant, account
inline constexpr uint32_t kMostGuesses = 20;
inline constexpr size_t kMostConfigBytes = 8192;
inline constexpr size_t kCommitmentBytes = 32;
inline constexpr size_t kMostSealedSecretBytes = 2048;
inline constexpr size_t kMostSealedPrivateBytes = kMostSealedSecretBytes + 28;  // AES-256-GCM nonce and tag
inline constexpr uint32_t kMostRegistrationEvaluations = 2;
inline constexpr size_t kMostChipKeyBytes = 1024;
inline constexpr size_t kSealedAnswerBytes = 33 + 28;  // a compressed point; AES-256-GCM nonce and tag

// [A-Za-z0-9._-]{1,64}
bool IsRecordName(std::string_view text);
// The name of a tenant or an account: 1 to 128 bytes of UTF-8 without control characters.
bool IsIdentifier(std::string_view text);
// At most 64 bytes of UTF-8 without control characters (it is shown on terminals). May be empty.
bool IsDeviceName(std::string_view text);

}  // namespace labrec::recovery
