#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Requests with more fields than a call has room for, as they came in: nothing of them is checked yet but
// what their types say.

// By a device or by the unlock key of a version.
struct RawSignature {
  Bytes challenge;
  std::variant<DeviceId, std::pair<std::string, uint32_t>> signer;
  Bytes signature;
};

struct RegistrationRequest {
  std::string record;
  uint32_t version = 0;
  RegistrationId registration_id{};
  Bytes config;
  Bytes commitment;
  EcdsaPublicKey unlock_key;
  Bytes sealed_secret;
  RawSignature authorization;
};

// A version that the chip is to count for.
struct ChipRegistration {
  std::string record;
  uint32_t version = 0;
  EcdsaPublicKey unlock_key;
  uint32_t guess_limit = 0;
  Bytes nonce;  // 32 bytes
  RawSignature authorization;
};

// One write of the index of such a version.
struct ChipWrite {
  std::string record;
  uint32_t version = 0;
  uint64_t session = 0;
  uint32_t limit = 0;
  Bytes signature;  // 64 bytes
  Bytes nonce;      // 32 bytes
};

}  // namespace labrec::recovery
