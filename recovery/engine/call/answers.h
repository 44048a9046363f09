#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/record/record.h"
#include "recovery/record/rules/outcome.h"

namespace labrec::recovery {

// What calls are answered with. A wrong PIN, a locked and a destroyed record are answers, not errors.

struct Evaluated {
  std::vector<P256Point> evaluated;
  uint32_t remaining = 0;  // at that version
  Challenge challenge{};
};
using EvaluateOutcome = std::variant<Evaluated, LockedUntil, Destroyed, NotRegistered>;

struct Unlocked {
  SecretBytes sealed_secret;
  std::optional<EpochFloor> floor;
  uint32_t remaining = 0;  // at that version
};
using UnlockOutcome = std::variant<Unlocked, Destroyed, NotRegistered>;

// `changed` as in Ok (done.h).
struct Enrollment {
  DeviceId device{};
  bool changed = true;
};

struct RegistrationBegun {
  RegistrationId registration_id{};
  std::vector<P256Point> evaluated;
};

struct ChipRegistrationBegun {
  RegistrationId registration_id{};
  Bytes evidence;  // attestation::RecordKeyEvidence
};

struct ChipContents {
  Bytes statement;  // attestation::SignedStatement of what the index holds
};

// A record as anybody with the account's token may see it: no key material.
struct RecordView {
  bool registered = false;                      // a version is usable, or the record was destroyed
  Record record;                                // nonces and private fields cleared
  std::map<uint32_t, int64_t> locked_until_ms;  // by version, of those that take no guess yet
  uint64_t discontinuities = 0;
};

}  // namespace labrec::recovery
