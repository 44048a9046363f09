#include "recovery/engine/chip/evaluator.h"

#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/codec/sealed_private.h"
#include "recovery/record/rules/chip.h"

namespace labrec::recovery {
namespace {

absl::StatusOr<SecretBytes> DeriveShare(hsm::Device& device, ByteView realm_id, const RecordName& name,
                                        const RecordVersion& version) {
  return device.derivation_key()->Derive(pin::RecordDerivationInput(
      realm_id, name.tenant, name.account, name.record, version.number, version.nonce));
}

// The version as its row says now, and how many guesses are left.
struct Found {
  RecordVersion version;
  uint32_t remaining = 0;
};

absl::StatusOr<Found> Find(Ledger& ledger, const RecordName& name, uint32_t number) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Record> record, ReadRecord(ledger, name));
  const RecordVersion* version = record ? record->Find(number) : nullptr;
  if (version != nullptr && version->usable() && version->chip) return Found{*version, version->left()};
  return InOwnWords(absl::NotFoundError("version " + std::to_string(number) +
                                        " of the record is not usable here: ask GetRecord which ones are"));
}

ChipVersion Which(const RecordVersion& version) {
  return {version.number, version.chip->index};
}

}  // namespace

void ChipEvaluator::Evaluate(RecordName name, uint32_t version, const P256Point& element,
                             Done<Outcome> done) {
  parts_.chip.Submit(1, [this, name = std::move(name), version, element, done = std::move(done)](
                            hsm::Device& device) { EvaluateNow(device, name, version, element, done); });
}

std::optional<P256Point> ChipEvaluator::FindRecent(const Recent& which) {
  const std::lock_guard lock(mutex_);
  const auto found = recent_.find(which);
  return found == recent_.end() ? std::nullopt : std::optional(found->second);
}

// First the answers on their way into the row, then the row: they are dropped only when they are in it.
void ChipEvaluator::EvaluateNow(hsm::Device& device, const RecordName& name, uint32_t number,
                                const P256Point& element, const Done<Outcome>& done) {
  const Digest digest = Sha256(element.Compressed());
  const std::optional<P256Point> recent = FindRecent({RecordRowKey(name), number, digest});
  absl::StatusOr<Found> found = Find(parts_.ledger, name, number);
  if (!found.ok()) return done(found.status());
  if (recent) return done(Answered{*recent, found->remaining});
  const RecordVersion& version = found->version;
  if (const CountedAnswer* kept = FindAnswer(version, digest); kept != nullptr) {
    const absl::StatusOr<SecretBytes> d = DeriveShare(device, parts_.realm_id, name, version);
    if (absl::Status failed = parts_.chip.Note(d.status()); !failed.ok()) return done(std::move(failed));
    absl::StatusOr<P256Point> point = OpenAnswer(*d, parts_.realm_id, name, number, *kept);
    if (!point.ok()) return done(point.status());
    return done(Answered{*point, found->remaining});
  }
  const absl::StatusOr<hsm::CountedKey> key = hsm::DecodeCountedKey(version.chip->key);
  if (!key.ok()) return done(key.status());
  const absl::StatusOr<hsm::CountedOutcome> outcome = device.counted_keys()->Evaluate(*key, element);
  if (absl::Status failed = parts_.chip.Note(outcome.status()); !failed.ok()) {
    return done(std::move(failed));
  }
  if (std::holds_alternative<hsm::Spent>(*outcome)) return Spend(name, version, done);
  const auto& result = std::get<hsm::CountedResult>(*outcome);
  absl::StatusOr<Bytes> sealed = Seal(device, name, version, digest, result.result);
  if (!sealed.ok()) return done(Answered{result.result, found->remaining});  // counted, so it is answered
  Keep(name, version, {digest, *std::move(sealed)}, result, done);
}

absl::StatusOr<Bytes> ChipEvaluator::Seal(hsm::Device& device, const RecordName& name,
                                          const RecordVersion& version, const Digest& element,
                                          const P256Point& point) {
  absl::StatusOr<SecretBytes> d = DeriveShare(device, parts_.realm_id, name, version);
  LABREC_RETURN_IF_ERROR(parts_.chip.Note(d.status()));
  return SealAnswer(*d, parts_.realm_id, name, version.number, element, point);
}

void ChipEvaluator::Keep(const RecordName& name, const RecordVersion& version, CountedAnswer answer,
                         const hsm::CountedResult& result, const Done<Outcome>& done) {
  const Recent which{RecordRowKey(name), version.number, answer.element};
  {
    const std::lock_guard lock(mutex_);
    recent_.insert_or_assign(which, result.result);
  }
  const hsm::UseCount use = SinceTheGrant(result.use, version.guess_limit);
  const ChipEvaluated evaluated{Which(version), use.count, use.limit, std::move(answer)};
  auto remaining = std::make_shared<uint32_t>(use.left());
  FollowUpOn(
      parts_.queue, name,
      [evaluated, remaining](const std::optional<Record>& row) -> absl::StatusOr<Record> {
        LABREC_ASSIGN_OR_RETURN(Record next, ApplyChipEvaluated(row, evaluated));
        *remaining = next.Find(evaluated.version.version)->left();
        return next;
      },
      [this, which, remaining, point = result.result, done](const absl::Status& kept) {
        if (!kept.ok()) spdlog::warn("a counted answer was not kept: {}", std::string(kept.message()));
        {
          const std::lock_guard lock(mutex_);
          recent_.erase(which);
        }
        done(Answered{point, *remaining});
      });
}

void ChipEvaluator::Spend(const RecordName& name, const RecordVersion& version, const Done<Outcome>& done) {
  auto refused = std::make_shared<Refused>();
  FollowUpOn(
      parts_.queue, name,
      [spent = ChipSpent{Which(version)},
       refused](const std::optional<Record>& row) -> absl::StatusOr<Record> {
        LABREC_ASSIGN_OR_RETURN(Record next, ApplyChipSpent(row, spent));
        refused->destroyed = next.destroyed;
        return next;
      },
      [refused, done](const absl::Status& erased) {
        if (!erased.ok()) return done(erased);
        done(*refused);
      });
}

}  // namespace labrec::recovery
