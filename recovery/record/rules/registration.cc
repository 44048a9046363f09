#include "recovery/record/rules/registration.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/rules/authority.h"

namespace labrec::recovery {
namespace {

void EraseStage(Record& record, Stage stage) {
  std::erase_if(record.versions, [&](const RecordVersion& version) { return version.stage == stage; });
}

absl::Status ListRecord(Account& account, const std::string& name) {
  if (std::ranges::find(account.records, name) != account.records.end()) return absl::OkStatus();
  if (account.records.size() >= kMostRecords) {
    return absl::ResourceExhaustedError("the account has 16 records: delete one first");
  }
  account.records.push_back(name);
  std::ranges::sort(account.records);
  return absl::OkStatus();
}

// The rows with the record listed, and there.
absl::StatusOr<RegistrationRows> Listed(const std::optional<Account>& account,
                                        const std::optional<Record>& record, const RecordName& name) {
  RegistrationRows rows{*account, record.value_or(Record{})};
  rows.record.name = name;
  LABREC_RETURN_IF_ERROR(ListRecord(rows.account, name.record));
  return rows;
}

std::optional<DeviceId> RegistrarOf(const Authority& authority) {
  const auto* device = std::get_if<ByDevice>(&authority);
  return device == nullptr ? std::nullopt : std::optional(device->device);
}

// Whether the version was begun as the request says. A nonce that this run does not know any more says
// nothing.
bool IsBegunAs(const RecordVersion& version, const FinishRegistration& request) {
  if (const auto* id = std::get_if<RegistrationId>(&request.begun)) return version.registration_id() == *id;
  const auto& nonce = std::get<std::optional<Nonce>>(request.begun);
  return !nonce || *nonce == version.nonce;
}

// Whether this very version is registered already. The shares in its config are random, so the config alone
// tells it from every other; but whoever finishes two beginnings with one config is told of the second that
// it was not taken, as its evaluations are of another key.
bool IsFinished(const Record& record, const FinishRegistration& request) {
  const RecordVersion* version = record.Find(request.version);
  return version != nullptr && version->usable() && version->config == request.config &&
         version->commitment == request.commitment && version->unlock_key == request.unlock_key &&
         IsBegunAs(*version, request);
}

absl::Status NotOpen(uint32_t version) {
  return absl::FailedPreconditionError(
      "no registration of version " + std::to_string(version) +
      " is open under this registration id (another one took its place, or it was not finished in time, or "
      "the realm was started since): begin again");
}

// The config says who counts as it was begun; the index was bound to key and limit, and the chip holds that
// limit now.
absl::Status CheckChip(const RecordVersion& begun, const FinishRegistration& request) {
  if (begun.chip->index != request.chip_index) {
    return absl::FailedPreconditionError(
        "the config does not name the index of this version as it was begun: begin again");
  }
  if (begun.unlock_key != request.unlock_key || begun.guess_limit != request.guess_limit) {
    return absl::FailedPreconditionError(
        "unlock key and guess limit are not those that the version's index was made for: begin again");
  }
  if (begun.chip->limit == request.guess_limit && begun.chip->count == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the version's index does not hold the guess limit yet: write it after ConfirmKey");
}

// The version as it was begun.
absl::StatusOr<RecordVersion> Begun(const std::optional<Record>& record, const FinishRegistration& request) {
  RecordVersion begun;
  begun.number = request.version;
  if (const auto* nonce = std::get_if<std::optional<Nonce>>(&request.begun)) {
    if (!*nonce) return NotOpen(request.version);
    begun.nonce = **nonce;
    return begun;
  }
  const RecordVersion* row = record ? record->Find(request.version) : nullptr;
  if (row == nullptr || row->usable() || row->registration_id() != std::get<RegistrationId>(request.begun)) {
    return NotOpen(request.version);
  }
  LABREC_RETURN_IF_ERROR(CheckChip(*row, request));
  return *row;
}

// The guesses spent of a version that starts beside these.
uint32_t SpentAtFirst(const Record& record, uint32_t guess_limit) {
  uint32_t left = guess_limit;
  for (const RecordVersion& version : record.versions) {
    if (version.usable() && version.left() > 0) left = std::min(left, version.left());
  }
  return guess_limit - left;
}

void Pend(RecordVersion& version, const FinishRegistration& request) {
  version.stage = Stage::kPending;
  version.config = request.config;
  version.commitment = request.commitment;
  version.unlock_key = request.unlock_key;
  version.sealed_private = request.sealed_private;
  version.guess_limit = request.guess_limit;
  version.registered_by = RegistrarOf(request.authority);
}

// Begun by the unlock key of the version that was active then. That key speaks for nothing once another
// version is active, and no revocation would find what it left.
bool IsBegunByKey(const RecordVersion& version) {
  return version.stage == Stage::kBegun && !version.registered_by;
}

bool MayActivate(const std::optional<Account>& account, const std::optional<Record>& record,
                 const Activate& request) {
  if (DeviceOrUnlockKey(request.authority, account, record)) return true;
  const auto* unlock = std::get_if<ByUnlockKey>(&request.authority);
  if (unlock == nullptr || !record || unlock->record != record->name.record) return false;
  const RecordVersion* chosen = record->Find(request.version);
  return chosen != nullptr && chosen->usable() && unlock->version == request.version &&
         chosen->unlock_key == unlock->signature.key();
}

}  // namespace

absl::Status MayBegin(const std::optional<Account>& account, const std::optional<Record>& record,
                      uint32_t version) {
  if (!account) {
    return absl::FailedPreconditionError("the account has no device yet: enrol one before registering");
  }
  const uint32_t highest = record ? record->highest_version : 0;
  if (version > highest && version - highest <= kMostVersionStep) return absl::OkStatus();
  return absl::FailedPreconditionError("version " + std::to_string(version) +
                                       " cannot be registered: take one above " + std::to_string(highest) +
                                       ", by at most " + std::to_string(kMostVersionStep));
}

absl::StatusOr<RegistrationRows> ApplyBegin(const std::optional<Account>& account,
                                            const std::optional<Record>& record, const RecordName& name,
                                            const BeginChipVersion& request) {
  const BegunChip& chip = request.chip;
  if (!DeviceOrUnlockKey(chip.authority, account, record)) {
    return NeedsSignature("beginning a chip-enforced version");
  }
  LABREC_RETURN_IF_ERROR(MayBegin(account, record, request.version));
  LABREC_ASSIGN_OR_RETURN(RegistrationRows next, Listed(account, record, name));
  EraseStage(next.record, Stage::kBegun);
  RecordVersion version;
  version.number = request.version;
  version.nonce = request.nonce;
  version.chip = ChipPart{chip.index, chip.key, 0, 0, {}};
  version.unlock_key = chip.unlock_key;
  version.guess_limit = chip.guess_limit;
  version.registered_by = RegistrarOf(chip.authority);
  next.record.versions.push_back(std::move(version));
  return next;
}

absl::StatusOr<RegistrationRows> ApplyFinish(const std::optional<Account>& account,
                                             const std::optional<Record>& record, const RecordName& name,
                                             const FinishRegistration& request) {
  if (!account || !DeviceOrUnlockKey(request.authority, account, record))
    return NeedsSignature("registering");
  if (record && IsFinished(*record, request)) return RegistrationRows{*account, *record};
  LABREC_RETURN_IF_ERROR(MayBegin(account, record, request.version));
  LABREC_ASSIGN_OR_RETURN(RecordVersion version, Begun(record, request));
  LABREC_ASSIGN_OR_RETURN(RegistrationRows next, Listed(account, record, name));
  Pend(version, request);
  version.spent = SpentAtFirst(next.record, request.guess_limit);
  EraseStage(next.record, Stage::kBegun);
  EraseStage(next.record, Stage::kPending);
  next.record.versions.push_back(std::move(version));
  next.record.highest_version = request.version;
  next.record.destroyed = next.record.discarded = false;
  return next;
}

absl::StatusOr<Record> ApplyActivate(const std::optional<Account>& account,
                                     const std::optional<Record>& record, const Activate& request) {
  if (!MayActivate(account, record, request)) return NeedsSignature("activating a version");
  const RecordVersion* chosen = record ? record->Find(request.version) : nullptr;
  if (chosen == nullptr || !chosen->usable()) {
    return absl::NotFoundError("version " + std::to_string(request.version) +
                               " of the record is neither pending nor active here");
  }
  Record next = *record;
  if (chosen->stage == Stage::kActive) return next;
  std::erase_if(next.versions, [&](const RecordVersion& version) {
    return version.number < request.version || IsBegunByKey(version);
  });
  next.Find(request.version)->stage = Stage::kActive;
  return next;
}

}  // namespace labrec::recovery
