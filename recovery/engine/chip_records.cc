#include "recovery/engine/chip_records.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/produce/prover.h"
#include "attestation/verify/statement.h"
#include "hsm/base/encoding.h"
#include "hsm/base/random_array.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/chip/beginner.h"
#include "recovery/engine/chip/sessions.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/rules/chip.h"
#include "recovery/record/rules/registration.h"

namespace labrec::recovery {

using std::chrono::steady_clock;

namespace {

Digest StatementNonce(const Bytes& realm_id, const RecordName& name, uint32_t version, ByteView nonce) {
  return attestation::RecordStatementNonce({realm_id, name.tenant, name.account, name.record, version},
                                           nonce);
}

absl::StatusOr<Bytes> CertifyContents(hsm::Device& device, const hsm::CountedKey& key, const Digest& nonce) {
  LABREC_ASSIGN_OR_RETURN(const attestation::SignedStatement statement,
                          attestation::Prover(*device.attester(), {}).IndexContents(key.index, nonce));
  return attestation::Encode(statement);
}

// The version's key, if its guesses are counted by the chip.
absl::StatusOr<hsm::CountedKey> CountedKeyOf(const std::optional<Record>& record, uint32_t number) {
  const RecordVersion* version = record ? record->Find(number) : nullptr;
  if (version != nullptr && version->chip) return hsm::DecodeCountedKey(version->chip->key);
  return InOwnWords(
      absl::NotFoundError("version " + std::to_string(number) +
                          " of the record is not here, or its guesses are not counted by the chip"));
}

// The key of the version that is begun under this id.
absl::StatusOr<hsm::CountedKey> BegunKey(const std::optional<Record>& record, uint32_t number,
                                         const RegistrationId& id) {
  const RecordVersion* begun = record ? record->Find(number) : nullptr;
  if (begun != nullptr && begun->chip && !begun->usable() && begun->registration_id() == id) {
    return CountedKeyOf(record, number);
  }
  return InOwnWords(absl::FailedPreconditionError(
      "no chip-enforced registration of this version is open under this registration id: begin again"));
}

absl::Status CheckSize(const char* what, ByteView field, size_t size) {
  if (field.size() == size) return absl::OkStatus();
  return InOwnWords(
      absl::InvalidArgumentError(std::string(what) + ": must have " + std::to_string(size) + " bytes"));
}

// Both elements under the key; FAILED_PRECONDITION if the two uses of the first write are gone.
absl::StatusOr<std::vector<P256Point>> EvaluateBoth(hsm::Device& device, const hsm::CountedKey& key,
                                                    const std::vector<P256Point>& elements,
                                                    hsm::UseCount& use) {
  std::vector<P256Point> answers;
  for (const P256Point& element : elements) {
    LABREC_ASSIGN_OR_RETURN(const hsm::CountedOutcome outcome, device.counted_keys()->Evaluate(key, element));
    const auto* result = std::get_if<hsm::CountedResult>(&outcome);
    if (result == nullptr) {
      return InOwnWords(absl::FailedPreconditionError(
          "the two evaluations of this registration were made already: begin again"));
    }
    use = result->use;
    answers.push_back(result->result);
  }
  return answers;
}

// What a client signs is the limit up to which the chip counts. It may leave `granted` guesses at most.
absl::Status CheckLimit(const hsm::UseCount& before, uint32_t limit, uint32_t granted) {
  const uint32_t left = hsm::UseCount{before.count, limit}.left();
  if (left <= granted) return absl::OkStatus();
  return InOwnWords(absl::FailedPreconditionError(
      absl::StrCat("limit: the chip has counted ", before.count, ", so that ", limit, " would leave ", left,
                   " guesses; at most ", granted, " may be left")));
}

// A session that is gone may have been used: the answer was lost, and the caller asks again. Where the index
// holds what was to be written, the caller has what it wants, whoever wrote it.
absl::StatusOr<hsm::UseCount> FinishOnce(hsm::CountedKeys& keys, const hsm::CountedKey& key,
                                         const ChipWrite& request, uint32_t granted) {
  LABREC_ASSIGN_OR_RETURN(const hsm::UseCount before, keys.ReadUse(key));
  LABREC_RETURN_IF_ERROR(CheckLimit(before, request.limit, granted));
  absl::StatusOr<hsm::UseCount> use =
      keys.FinishWrite(key, request.session, request.limit, request.signature);
  if (!absl::IsNotFound(use.status())) return use;
  const absl::StatusOr<hsm::UseCount> found = keys.ReadUse(key);
  if (absl::IsUnavailable(found.status())) return found;
  return found.ok() && found->limit == request.limit ? found : use;
}

}  // namespace

// All that can be said before the chip is asked for anything.
absl::StatusOr<ChipBeginning> ChipRecords::CheckBeginning(const Caller& caller, ChipRegistration request) {
  const RecordName name{caller.tenant, caller.account, request.record};
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckName(name)));
  LABREC_RETURN_IF_ERROR(parts_.chip.Available());
  LABREC_RETURN_IF_ERROR(CheckSize("nonce", request.nonce, kNonceBytes));
  if (request.version == 0) return InOwnWords(absl::InvalidArgumentError("version: from 1 up"));
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckGuessLimit("guess_limit", request.guess_limit)));
  const Bytes body = BeginChipBody(request.record, request.version, request.unlock_key.Spki(),
                                   request.guess_limit, request.nonce);
  LABREC_ASSIGN_OR_RETURN(Authority authority, parts_.authorizer.Check(caller, Operation::kBeginChipVersion,
                                                                       body, request.authorization));
  LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(parts_.ledger, caller.tenant, caller.account));
  LABREC_ASSIGN_OR_RETURN(const auto record, ReadRecord(parts_.ledger, name));
  BegunChip chip{0, {}, request.unlock_key, request.guess_limit, std::move(authority)};
  BeginChipVersion begin{request.version, RandomArray<32>(), std::move(chip)};
  LABREC_RETURN_IF_ERROR(InOwnWords(ApplyBegin(account, record, name, begin).status()));
  const Digest nonce = StatementNonce(parts_.realm_id, name, request.version, request.nonce);
  return ChipBeginning{name, std::move(begin), nonce};
}

void ChipRecords::BeginChipRegistration(Caller caller, ChipRegistration request,
                                        Done<ChipRegistrationBegun> done) {
  absl::StatusOr<ChipBeginning> checked = CheckBeginning(caller, std::move(request));
  if (!checked.ok()) return done(std::move(checked).status());
  parts_.admission.Enqueue(
      caller,
      std::make_shared<TurnTask>(
          caller.deadline,
          [this, beginning = *std::move(checked), done](WorkingSet&) -> absl::StatusOr<TurnTask::Start> {
            return [this, beginning, done] { parts_.beginner.Begin(beginning, done); };
          },
          done));
}

void ChipRecords::AskChip(const Caller& caller, const RecordName& name, size_t units, Look look,
                          std::function<void(const absl::Status&)> fail) {
  parts_.admission.Enqueue(
      caller,
      std::make_shared<TurnTask>(
          caller.deadline,
          [this, name, units, look = std::move(look)](WorkingSet& rows) -> absl::StatusOr<TurnTask::Start> {
            LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
            LABREC_ASSIGN_OR_RETURN(ChipJob job, look(*record));
            return
                [this, units, job = std::move(job)]() mutable { parts_.chip.Submit(units, std::move(job)); };
          },
          std::move(fail)));
}

void ChipRecords::ConfirmKey(Caller caller, std::string record, uint32_t version,
                             RegistrationId registration_id, std::vector<P256Point> elements,
                             Done<std::vector<P256Point>> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  if (elements.size() != kMostRegistrationEvaluations) {
    return done(InOwnWords(absl::InvalidArgumentError("elements: must be 2")));
  }
  AskChip(
      caller, name, elements.size(),
      [=, this](const std::optional<Record>& row) -> absl::StatusOr<ChipJob> {
        LABREC_ASSIGN_OR_RETURN(const hsm::CountedKey key, BegunKey(row, version, registration_id));
        return [=, this](hsm::Device& device) { ConfirmNow(device, name, version, key, elements, done); };
      },
      done);
}

void ChipRecords::ConfirmNow(hsm::Device& device, const RecordName& name, uint32_t version,
                             const hsm::CountedKey& key, const std::vector<P256Point>& elements,
                             const Done<std::vector<P256Point>>& done) {
  hsm::UseCount use;
  auto answers = EvaluateBoth(device, key, elements, use);
  if (absl::Status failed = parts_.chip.Note(answers.status()); !failed.ok()) return done(std::move(failed));
  const ChipEvaluated evaluated{{version, key.index}, use.count, use.limit, {}};
  FollowUpOn(
      parts_.queue, name,
      [evaluated](const std::optional<Record>& now) { return ApplyChipEvaluated(now, evaluated); },
      [answers = *std::move(answers), done](const absl::Status& noted) {
        if (!noted.ok()) return done(noted);
        done(answers);
      });
}

void ChipRecords::BeginChipWrite(Caller caller, std::string record, uint32_t version, Bytes nonce,
                                 Done<ChipWriteBegun> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  absl::Status bad = InOwnWords(CheckName(name));
  if (!nonce.empty()) bad.Update(CheckSize("nonce", nonce, kNonceBytes));
  if (!bad.ok()) return done(std::move(bad));
  AskChip(
      caller, name, 1,
      [=, this](const std::optional<Record>& row) -> absl::StatusOr<ChipJob> {
        LABREC_ASSIGN_OR_RETURN(const hsm::CountedKey key, CountedKeyOf(row, version));
        return [=, this](hsm::Device& device) { BeginWriteNow(device, name, version, key, nonce, done); };
      },
      done);
}

// The device alone knows which sessions outlived an outage. Who notices the outage may be any of its users:
// the commit thread, by the anchor, as well as a job here.
absl::Status ChipRecords::ForgetEndedWrites(hsm::Device& device) {
  if (parts_.sessions.empty()) return absl::OkStatus();
  const absl::StatusOr<std::vector<uint64_t>> open = device.counted_keys()->OpenWrites();
  LABREC_RETURN_IF_ERROR(parts_.chip.Note(open.status()));
  parts_.sessions.KeepOnly(*open);
  return absl::OkStatus();
}

absl::StatusOr<hsm::WriteSession> ChipRecords::OpenWrite(hsm::Device& device, const RecordName& name,
                                                         uint32_t version) {
  LABREC_RETURN_IF_ERROR(ForgetEndedWrites(device));
  if (auto open = parts_.sessions.Find(name, version, steady_clock::now())) return *std::move(open);
  LABREC_RETURN_IF_ERROR(parts_.sessions.MayOpen(name, steady_clock::now()));
  absl::StatusOr<hsm::WriteSession> session = device.counted_keys()->BeginWrite();
  const absl::Status failed = parts_.chip.Note(session.status());
  if (absl::IsResourceExhausted(session.status())) {
    return parts_.sessions.NoRoom(name, steady_clock::now());
  }
  LABREC_RETURN_IF_ERROR(failed);
  parts_.sessions.Keep(name, version, *session, steady_clock::now());
  return session;
}

void ChipRecords::BeginWriteNow(hsm::Device& device, const RecordName& name, uint32_t version,
                                const hsm::CountedKey& key, const Bytes& nonce,
                                const Done<ChipWriteBegun>& done) {
  absl::StatusOr<hsm::WriteSession> session = OpenWrite(device, name, version);
  if (!session.ok()) return done(std::move(session).status());
  ChipWriteBegun begun{*std::move(session), {}};
  if (nonce.empty()) return done(std::move(begun));
  absl::StatusOr<Bytes> contents =
      CertifyContents(device, key, StatementNonce(parts_.realm_id, name, version, nonce));
  if (absl::Status failed = parts_.chip.Note(contents.status()); !failed.ok()) return done(std::move(failed));
  begun.contents = *std::move(contents);
  done(std::move(begun));
}

void ChipRecords::FinishChipWrite(Caller caller, ChipWrite request, Done<ChipContents> done) {
  const RecordName name{caller.tenant, caller.account, request.record};
  absl::Status bad = InOwnWords(CheckName(name));
  bad.Update(CheckSize("nonce", request.nonce, kNonceBytes));
  bad.Update(CheckSize("signature", request.signature, kSignatureBytes));
  if (!bad.ok()) return done(std::move(bad));
  AskChip(
      caller, name, 1,
      [=, this](const std::optional<Record>& row) -> absl::StatusOr<ChipJob> {
        LABREC_ASSIGN_OR_RETURN(const hsm::CountedKey key, CountedKeyOf(row, request.version));
        const absl::StatusOr<uint32_t> granted = GrantOf(row, request.version, request.limit);
        LABREC_RETURN_IF_ERROR(InOwnWords(granted.status()));
        if (!parts_.sessions.Is(name, request.version, request.session)) {
          return InOwnWords(
              absl::NotFoundError("the write session is unknown or has ended: begin the write again"));
        }
        return [=, this, leave = *granted](hsm::Device& device) {
          FinishWriteNow(device, name, key, request, leave, done);
        };
      },
      done);
}

void ChipRecords::FinishWriteNow(hsm::Device& device, const RecordName& name, const hsm::CountedKey& key,
                                 const ChipWrite& request, uint32_t granted, const Done<ChipContents>& done) {
  const absl::StatusOr<hsm::UseCount> use = FinishOnce(*device.counted_keys(), key, request, granted);
  const auto forget_unless = [&](bool again) {
    if (!again) parts_.sessions.Forget(name, request.version);
  };
  if (absl::Status failed = parts_.chip.Note(use.status()); !failed.ok()) {
    forget_unless(absl::IsPermissionDenied(use.status()) || absl::IsUnavailable(use.status()) ||
                  absl::IsFailedPrecondition(use.status()));
    return done(std::move(failed));
  }
  const Digest nonce = StatementNonce(parts_.realm_id, name, request.version, request.nonce);
  absl::StatusOr<Bytes> statement = CertifyContents(device, key, nonce);
  const absl::Status proven = parts_.chip.Note(statement.status());
  forget_unless(absl::IsUnavailable(proven));
  const ChipWritten written{{request.version, key.index}, granted};
  const hsm::UseCount now_left = SinceTheGrant(*use, granted);
  FollowUpOn(
      parts_.queue, name,
      [written, now_left](const std::optional<Record>& now) -> absl::StatusOr<Record> {
        absl::StatusOr<Record> next = ApplyChipWritten(now, written);
        // Somebody may have guessed between what the client saw and the write.
        if (!next.ok() || now_left.count == 0) return next;
        return ApplyChipEvaluated(*next, {written.version, now_left.count, now_left.limit, {}});
      },
      [statement = std::move(statement), proven, done](const absl::Status& noted) {
        if (!noted.ok()) return done(noted);
        if (!proven.ok()) return done(proven);
        done(ChipContents{*statement});
      });
}

}  // namespace labrec::recovery
