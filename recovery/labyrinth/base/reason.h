#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace labrec::recovery::labyrinth {

// Why an operation of the module failed, finer than the status code. It travels inside the absl::Status.
enum class Reason {
  kNone,            // not a failure of this module (the store's own error, say)
  kMalformed,       // bytes that no honest writer writes
  kNotOpened,       // a ciphertext does not open: wrong key, wrong context or changed bytes
  kWrongMac,        // a membership MAC is not this epoch's
  kWrongSignature,  // a key is not signed by its device, or for another purpose
  kWrongSequence,   // a sequence number that is not canonical, or skips, or goes round
  kMissing,         // the store does not give what must be there
  kTruncated,       // the history ends before what is known to exist: the store hides epochs
  kForked,          // the history at a known number is another one
  kLeftOut,         // this device is not a member of the next epoch: it was revoked
  kRaced,           // someone else was faster; follow and try again
  kUnknownCode,     // no recovery code within 3 characters belongs to this account
  kWrongVersion,    // the recovery code is of another version
  kUnproven,        // too few realms say what would prove it; ask again when others answer
};

// "truncated" and so on: for messages and logs.
std::string_view ReasonName(Reason reason);

// A status that carries the reason. The code says what to do (docs/labyrinth.md has the table).
absl::Status Failure(absl::StatusCode code, Reason reason, std::string_view message);
Reason ReasonOf(const absl::Status& status);

// The usual case: integrity is broken.
inline absl::Status Damage(Reason reason, std::string_view message) {
  return Failure(absl::StatusCode::kDataLoss, reason, message);
}

}  // namespace labrec::recovery::labyrinth
