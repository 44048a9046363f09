#include "recovery/record/rules/guessing.h"

#include <algorithm>

#include "recovery/record/rules/erasure.h"

namespace labrec::recovery {
namespace {

absl::Status NoSuchVersion(uint32_t version) {
  return absl::NotFoundError("version " + std::to_string(version) +
                             " of the record is not usable here: ask GetRecord which ones are");
}

GuessChange Unchanged(const std::optional<Record>& record, GuessOutcome outcome) {
  return {outcome, record};
}

GuessChange Counted(const Record& record, const CountGuess& request, int64_t now_ms) {
  Record next = record;
  for (RecordVersion& version : next.versions) {
    if (version.usable()) version.spent = std::min(version.spent + 1, version.guess_limit);
  }
  next.last_counted_ms = now_ms;
  RecordVersion& guessed = *next.Find(request.version);
  guessed.counted_elements.push_back(request.element);
  const MayEvaluate outcome{Counting::kCounted, guessed.left()};
  return {outcome, std::move(next)};
}

GuessChange UsedUp(const Record& record, uint32_t version) {
  Record next = WithoutVersion(record, version);
  if (next.destroyed) return {Destroyed{}, std::move(next)};
  return {Erased{}, std::move(next)};
}

}  // namespace

absl::StatusOr<GuessChange> ApplyGuess(const std::optional<Record>& record, const CountGuess& request,
                                       int64_t now_ms, const pin::GuessPolicy& policy) {
  if (record && record->destroyed) return Unchanged(record, Destroyed{false, record->discarded});
  if (!record || !record->HasUsableVersion()) return Unchanged(record, NotRegistered{});
  const RecordVersion* version = record->Find(request.version);
  if (version == nullptr || !version->usable()) return NoSuchVersion(request.version);
  if (std::ranges::find(version->counted_elements, request.element) != version->counted_elements.end()) {
    return Unchanged(record, MayEvaluate{Counting::kRepeated, version->left()});
  }
  const pin::GuessVerdict verdict =
      pin::Judge(version->guess_limit, version->spent, record->last_counted_ms, now_ms, policy);
  if (std::holds_alternative<pin::Exhausted>(verdict)) return UsedUp(*record, request.version);
  if (const auto* locked = std::get_if<pin::LockedUntil>(&verdict)) {
    return Unchanged(record, LockedUntil{locked->until_ms, version->left()});
  }
  return Counted(*record, request, now_ms);
}

bool RefillMayWait(const RecordVersion& version) {
  return version.guess_limit > 1 && version.spent < 2;
}

absl::StatusOr<UnlockChange> ApplyUnlock(const std::optional<Record>& record, const Unlock& request) {
  if (record && record->destroyed) return UnlockChange{Destroyed{false, record->discarded}, record};
  if (!record || !record->HasUsableVersion()) return UnlockChange{NotRegistered{}, record};
  const RecordVersion* version = record->Find(request.version);
  if (version == nullptr || !version->usable()) return NoSuchVersion(request.version);
  if (version->unlock_key != request.signature.key()) {
    return absl::PermissionDeniedError("the signature is not by this version's unlock key");
  }
  Record next = *record;
  RecordVersion& unlocked = *next.Find(request.version);
  unlocked.spent = 0;
  unlocked.ForgetCounted();
  return UnlockChange{MayOpen{}, std::move(next)};
}

}  // namespace labrec::recovery
