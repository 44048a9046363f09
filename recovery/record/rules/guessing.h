#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"

#include "pin/guess_policy.h"
#include "recovery/record/record.h"
#include "recovery/record/request.h"
#include "recovery/record/rules/outcome.h"

namespace labrec::recovery {

// Counting guesses, and refilling them: pure functions from a record's row and a request to an outcome and
// the next row.

enum class Counting { kCounted, kRepeated };

// The element may be evaluated under the key of the version in `record` that the request names.
struct MayEvaluate {
  Counting counting = Counting::kCounted;
  uint32_t remaining = 0;  // of that version
  bool operator==(const MayEvaluate&) const = default;
};
using GuessOutcome = std::variant<MayEvaluate, LockedUntil, Erased, Destroyed, NotRegistered>;

struct GuessChange {
  GuessOutcome outcome;
  std::optional<Record> record;  // none only if there was none
};

// Every version has its own count and its own limit L, and a guess at one usable version is counted at all of
// them: whoever can guess at one can guess at the others, and would have their guesses besides. So at most L
// evaluations of a version are answered between two successes with it, and exactly L where it is the only
// usable one. An element that was counted for this version since its last success is answered again,
// uncounted: the answer is the same point. The first new element after the L-th erases the version (key,
// config, private fields), and with the last usable one the record is destroyed: a tombstone with the highest
// version and the floor stays. Until then the L-th guess may still succeed.
// NOT_FOUND: the record has usable versions, but not this one.
absl::StatusOr<GuessChange> ApplyGuess(const std::optional<Record>& record, const CountGuess& request,
                                       int64_t now_ms, const pin::GuessPolicy& policy);

// The version's unlock key signed: its private fields may be opened.
struct MayOpen {
  bool operator==(const MayOpen&) const = default;
};
using OpenOutcome = std::variant<MayOpen, Destroyed, NotRegistered>;

struct UnlockChange {
  OpenOutcome outcome;
  std::optional<Record> record;  // none only if there was none
};

// Whether a success with this version, as it is before that, may be answered before its refill is anchored. A
// crash loses such a refill, and the guesses that it took back count again: one at most, at a version with
// more than one, so that whoever has the right PIN still gets in, however often that happens.
bool RefillMayWait(const RecordVersion& version);

// A success: no guess counts as spent any more at this version. Others keep their counts, as it says nothing
// of their PIN; and the time of the latest guess stays. PERMISSION_DENIED: the signature is not by the unlock
// key that the version has now; NOT_FOUND: the record has usable versions, but not this one.
absl::StatusOr<UnlockChange> ApplyUnlock(const std::optional<Record>& record, const Unlock& request);

}  // namespace labrec::recovery
