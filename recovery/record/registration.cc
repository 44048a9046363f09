#include "recovery/record/registration.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/authority.h"

namespace labrec::recovery {
namespace {

void EraseStage(Record& record, Stage stage) {
  std::erase_if(record.versions, [&](const RecordVersion& version) { return version.stage == stage; });
}

absl::Status JudgeBegin(const std::optional<Account>& account, const std::optional<Record>& record,
                        const BeginRegistration& request) {
  const bool none = request.chip.has_value();
  if (!none && (request.elements < 1 || request.elements > kMostRegistrationEvaluations)) {
    return absl::InvalidArgumentError("a registration takes 1 or 2 elements");
  }
  if (none && request.elements != 0) {
    return absl::InvalidArgumentError("elements of a chip-enforced version go to ConfirmKey");
  }
  if (request.chip && !DeviceOrUnlockKey(request.chip->authority, account, record)) {
    return NeedsSignature("beginning a chip-enforced version");
  }
  if (!account) {
    return absl::FailedPreconditionError("the account has no device yet: enrol one before registering");
  }
  const uint32_t highest = record ? record->highest_version : 0;
  if (request.version <= highest) {
    return absl::FailedPreconditionError("version " + std::to_string(request.version) +
                                         " is not new: take one above " + std::to_string(highest));
  }
  return absl::OkStatus();
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

// Whether this very registration is here already.
bool IsFinished(const Record& record, const FinishRegistration& request) {
  const RecordVersion* version = record.Find(request.version);
  return version != nullptr && version->usable() && version->registration_id() == request.registration_id &&
         version->config == request.config && version->commitment == request.commitment &&
         version->unlock_key == request.unlock_key;
}

// The config says who counts as it was begun; the index was bound to key and limit, and the chip holds that
// limit now.
absl::Status JudgeChip(const RecordVersion& begun, const FinishRegistration& request) {
  const auto index = begun.chip ? std::optional(begun.chip->index) : std::nullopt;
  if (index != request.chip_index) {
    return absl::FailedPreconditionError(
        "the config does not name the index of this version as it was begun: begin again");
  }
  if (!begun.chip) return absl::OkStatus();
  if (begun.unlock_key != request.unlock_key || begun.guess_limit != request.guess_limit) {
    return absl::FailedPreconditionError(
        "unlock key and guess limit are not those that the version's index was made for: begin again");
  }
  if (begun.chip->limit == request.guess_limit && begun.chip->count == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the version's index does not hold the guess limit yet: write it after ConfirmKey");
}

RecordVersion Finished(const RecordVersion& begun, const FinishRegistration& request) {
  RecordVersion version = begun;
  version.stage = Stage::kPending;
  version.config = request.config;
  version.commitment = request.commitment;
  version.unlock_key = request.unlock_key;
  version.sealed_private = request.sealed_private;
  version.guess_limit = request.guess_limit;
  return version;
}

// A destroyed record has nothing left that could be guessed, so its new version starts with a full budget.
void Revive(Record& record) {
  record.destroyed = false;
  record.spent = 0;
  record.last_counted_ms = 0;
}

bool MayActivate(const std::optional<Account>& account, const std::optional<Record>& record,
                 const Activate& request) {
  if (!DeviceOrUnlockKey(request.authority, account, record)) return false;
  const auto* unlock = std::get_if<ByUnlockKey>(&request.authority);
  if (unlock == nullptr || unlock->version == request.version) return true;
  return record->Find(unlock->version)->stage == Stage::kActive;
}

void ForgetGuesses(Record& record) {
  for (RecordVersion& version : record.versions) version.ForgetCounted();
  record.spent = 0;
  record.last_counted_ms = 0;
}

}  // namespace

absl::StatusOr<BegunRows> ApplyBegin(const std::optional<Account>& account,
                                     const std::optional<Record>& record, const RecordName& name,
                                     const BeginRegistration& request) {
  LABREC_RETURN_IF_ERROR(JudgeBegin(account, record, request));
  BegunRows next{*account, record.value_or(Record{})};
  LABREC_RETURN_IF_ERROR(ListRecord(next.account, name.record));
  next.record.name = name;
  EraseStage(next.record, Stage::kBegun);
  RecordVersion version;
  version.number = request.version;
  version.nonce = request.nonce;
  version.registration_evaluations = request.elements;
  if (request.chip) {
    version.chip = ChipPart{request.chip->index, request.chip->key, 0, 0, {}};
    version.unlock_key = request.chip->unlock_key;
    version.guess_limit = request.chip->guess_limit;
  }
  next.record.versions.push_back(std::move(version));
  return next;
}

absl::StatusOr<Record> ApplyFinish(const std::optional<Account>& account, const std::optional<Record>& record,
                                   const FinishRegistration& request) {
  if (!DeviceOrUnlockKey(request.authority, account, record)) return NeedsSignature("registering");
  if (record && IsFinished(*record, request)) return *record;
  const RecordVersion* begun = record ? record->Find(request.version) : nullptr;
  if (begun == nullptr || begun->usable() || begun->registration_id() != request.registration_id) {
    return absl::FailedPreconditionError(
        "no registration of version " + std::to_string(request.version) +
        " is open under this registration id (another one took its place, or it was not finished in time): "
        "begin again");
  }
  LABREC_RETURN_IF_ERROR(JudgeChip(*begun, request));
  RecordVersion finished = Finished(*begun, request);
  Record next = *record;
  EraseStage(next, Stage::kBegun);
  EraseStage(next, Stage::kPending);
  next.versions.push_back(std::move(finished));
  next.highest_version = std::max(next.highest_version, request.version);
  if (next.destroyed) Revive(next);
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
  std::erase_if(next.versions,
                [&](const RecordVersion& version) { return version.number < request.version; });
  RecordVersion& version = *next.Find(request.version);
  version.stage = Stage::kActive;
  next.spent = static_cast<uint32_t>(version.counted_elements.size());
  if (std::holds_alternative<ByUnlockKey>(request.authority)) ForgetGuesses(next);
  return next;
}

}  // namespace labrec::recovery
