#include "recovery/record/guessing.h"

#include <algorithm>

#include "recovery/record/chip.h"

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
  next.spent += 1;
  next.last_counted_ms = now_ms;
  next.Find(request.version)->counted_elements.push_back(request.element);
  const MayEvaluate outcome{Counting::kCounted, next.remaining()};
  return {outcome, std::move(next)};
}

}  // namespace

absl::StatusOr<GuessChange> ApplyGuess(const std::optional<Record>& record, const CountGuess& request,
                                       int64_t now_ms, const pin::GuessPolicy& policy) {
  if (record && record->destroyed) return Unchanged(record, Destroyed{});
  if (!record || !record->HasUsableVersion()) return Unchanged(record, NotRegistered{});
  const RecordVersion* version = record->Find(request.version);
  if (version == nullptr || !version->usable()) return NoSuchVersion(request.version);
  if (std::ranges::find(version->counted_elements, request.element) != version->counted_elements.end()) {
    return Unchanged(record, MayEvaluate{Counting::kRepeated, record->remaining()});
  }
  const pin::GuessVerdict verdict =
      pin::Judge(record->guess_limit(), record->spent, record->last_counted_ms, now_ms, policy);
  if (std::holds_alternative<pin::Exhausted>(verdict)) return GuessChange{Destroyed{}, Tombstone(*record)};
  if (const auto* locked = std::get_if<pin::LockedUntil>(&verdict)) {
    return Unchanged(record, LockedUntil{locked->until_ms, record->remaining()});
  }
  return Counted(*record, request, now_ms);
}

absl::StatusOr<UnlockChange> ApplyUnlock(const std::optional<Record>& record, const Unlock& request) {
  if (record && record->destroyed) return UnlockChange{Destroyed{}, record};
  if (!record || !record->HasUsableVersion()) return UnlockChange{NotRegistered{}, record};
  const RecordVersion* version = record->Find(request.version);
  if (version == nullptr || !version->usable()) return NoSuchVersion(request.version);
  if (version->unlock_key != request.signature.key()) {
    return absl::PermissionDeniedError("the signature is not by this version's unlock key");
  }
  Record next = *record;
  next.spent = 0;
  next.last_counted_ms = 0;
  for (RecordVersion& each : next.versions) each.ForgetCounted();
  return UnlockChange{MayOpen{}, std::move(next)};
}

}  // namespace labrec::recovery
