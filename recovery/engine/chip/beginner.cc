#include "recovery/engine/chip/beginner.h"

#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/produce/prover.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/record/rules/chip.h"
#include "recovery/record/rules/registration.h"

namespace labrec::recovery {
namespace {

using std::chrono::steady_clock;

// TPM2B_PUBLIC of a TPMT_PUBLIC.
Bytes WithSize(ByteView area) {
  return std::move(Writer().Lp(area)).Take();
}

absl::StatusOr<Bytes> CertifyKey(hsm::Device& device, const hsm::CountedKey& key, const Digest& nonce) {
  const Bytes public_area = WithSize(key.key_public);
  LABREC_ASSIGN_OR_RETURN(const attestation::RecordKeyEvidence evidence,
                          attestation::Prover(*device.attester(), {})
                              .RecordKey({public_area, key.key_private}, key.index_public, nonce));
  return attestation::Encode(evidence);
}

absl::Status BeginVersion(WorkingSet& rows, const RecordName& name, const BeginChipVersion& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(RegistrationRows next, InOwnWords(ApplyBegin(*account, *record, name, request)));
  rows.Put(std::move(next.account));
  rows.Put(std::move(next.record));
  return absl::OkStatus();
}

RegistrationId IdOf(const BeginChipVersion& request) {
  RecordVersion version;
  version.nonce = request.nonce;
  return version.registration_id();
}

// It was finished, replaced or erased before it could be given up, and is not in the way any more.
bool IsClosed(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

}  // namespace

struct ChipBeginner::Work {
  ChipBeginning beginning;
  Done<ChipRegistrationBegun> done;
  std::vector<OpenRegistration> in_the_way;
  Bytes evidence;
};

void ChipBeginner::Begin(ChipBeginning beginning, Done<ChipRegistrationBegun> done) {
  auto given_up = parts_.registrations.Enter(beginning.name, steady_clock::now());
  if (!given_up.ok()) return done(given_up.status());
  GiveUp(std::make_shared<Work>(Work{std::move(beginning), std::move(done), *std::move(given_up), {}}));
}

// One after the other, then on to the key.
void ChipBeginner::GiveUp(std::shared_ptr<Work> work) {
  if (work->in_the_way.empty()) return MakeKey(std::move(work));
  const OpenRegistration open = std::move(work->in_the_way.back());
  work->in_the_way.pop_back();
  FollowUpOn(
      parts_.queue, open.name,
      [open](const std::optional<Record>& row) { return ApplyChipGivenUp(row, open.version); },
      [this, work, name = open.name](const absl::Status& given_up) {
        if (given_up.ok()) {
          spdlog::info("a chip-enforced registration that was begun and not finished is given up");
        } else {
          parts_.registrations.Spare(name);
        }
        if (given_up.ok() || IsClosed(given_up)) return GiveUp(work);
        for (const OpenRegistration& rest : work->in_the_way) parts_.registrations.Spare(rest.name);
        End(work, given_up);
      });
}

void ChipBeginner::MakeKey(std::shared_ptr<Work> work) {
  parts_.chip.Submit(1, [this, work = std::move(work)](hsm::Device& device) { MakeKeyNow(device, work); });
}

void ChipBeginner::MakeKeyNow(hsm::Device& device, const std::shared_ptr<Work>& work) {
  BegunChip& chip = work->beginning.begin.chip;
  const absl::StatusOr<hsm::CountedKey> key = parts_.chip.indices().Define(chip.unlock_key);
  parts_.chip.LookAtRoom();
  if (!key.ok()) return End(work, NoRoom(key.status()));
  chip.index = key->index;
  chip.key = hsm::Encode(*key);
  absl::StatusOr<Bytes> evidence = CertifyKey(device, *key, work->beginning.statement_nonce);
  if (absl::Status failed = parts_.chip.Note(evidence.status()); !failed.ok()) {
    parts_.chip.indices().Erased({chip.key});
    parts_.chip.TidyUp();
    return End(work, std::move(failed));
  }
  work->evidence = *std::move(evidence);
  WriteRow(work);
}

void ChipBeginner::WriteRow(const std::shared_ptr<Work>& work) {
  FollowUp(
      parts_.queue,
      [work](WorkingSet& rows) { return BeginVersion(rows, work->beginning.name, work->beginning.begin); },
      [this, work](const absl::Status& begun) {
        if (begun.ok()) {
          return End(work, ChipRegistrationBegun{IdOf(work->beginning.begin), std::move(work->evidence)});
        }
        parts_.chip.indices().Erased({work->beginning.begin.chip.key});
        parts_.chip.TidyUp();
        End(work, begun);
      });
}

void ChipBeginner::End(const std::shared_ptr<Work>& work, absl::StatusOr<ChipRegistrationBegun> result) {
  parts_.registrations.Leave(work->beginning.name);
  work->done(std::move(result));
}

// Coming back soon does not help where the chip is full.
absl::Status ChipBeginner::NoRoom(const absl::Status& status) const {
  if (absl::IsUnimplemented(status)) {
    spdlog::error("this device takes no chip-enforced records: {}", std::string(status.message()));
    return InOwnWords(absl::FailedPreconditionError(
        "this realm takes no chip-enforced records: its device does not count as it promises"));
  }
  if (!absl::IsResourceExhausted(status)) return ToldOfChip(status);
  spdlog::warn("the chip has no room for one more record: {}", std::string(status.message()));
  std::string open;
  if (const size_t count = parts_.registrations.count(); count > 0) {
    open = absl::StrCat("; registrations that are under way hold ", count, " of them, for at most ",
                        parts_.registrations.limits().kept_for.count(), " seconds");
  }
  return InOwnWords(
      absl::FailedPreconditionError(absl::StrCat("the chip has no room for one more record", open)));
}

}  // namespace labrec::recovery
