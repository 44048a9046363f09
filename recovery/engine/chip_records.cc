#include "recovery/engine/chip_records.h"

#include <chrono>
#include <utility>

#include "attestation/evidence/evidence.h"
#include "attestation/produce/prover.h"
#include "attestation/verify/statement.h"
#include "hsm/base/encoding.h"
#include "hsm/base/random_array.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/chip/beginner.h"
#include "recovery/engine/chip/sessions.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/chip.h"
#include "recovery/record/registration.h"
#include "recovery/record/row_key.h"

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
absl::StatusOr<hsm::CountedKey> KeyOf(const std::optional<Record>& record, uint32_t number) {
  const RecordVersion* version = record ? record->Find(number) : nullptr;
  if (version != nullptr && version->chip) return hsm::DecodeCountedKey(version->chip->key);
  return absl::NotFoundError("version " + std::to_string(number) +
                             " of the record is not here, or its guesses are not counted by the chip");
}

absl::Status CheckSize(const char* what, ByteView field, size_t size) {
  if (field.size() == size) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(what) + ": must have " + std::to_string(size) + " bytes");
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
      return absl::FailedPreconditionError(
          "the two evaluations of this registration were made already: begin again");
    }
    use = result->use;
    answers.push_back(result->result);
  }
  return answers;
}

}  // namespace

// All that can be said before the chip is asked for anything.
absl::StatusOr<ChipBeginning> ChipRecords::CheckBeginning(const Caller& caller, ChipRegistration request) {
  const RecordName name{caller.tenant, caller.account, request.record};
  LABREC_RETURN_IF_ERROR(CheckName(name));
  LABREC_RETURN_IF_ERROR(parts_.chip.Available());
  LABREC_RETURN_IF_ERROR(CheckSize("nonce", request.nonce, kNonceBytes));
  if (request.version == 0) return absl::InvalidArgumentError("version: from 1 up");
  LABREC_RETURN_IF_ERROR(CheckGuessLimit("guess_limit", request.guess_limit));
  const Bytes body = BeginChipBody(request.record, request.version, request.unlock_key.Spki(),
                                   request.guess_limit, request.nonce);
  LABREC_ASSIGN_OR_RETURN(Authority authority, parts_.authorizer.Check(caller, Operation::kBeginChipVersion,
                                                                       body, request.authorization));
  LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(parts_.ledger, caller.tenant, caller.account));
  LABREC_ASSIGN_OR_RETURN(const auto record, ReadRecord(parts_.ledger, name));
  BegunChip chip{0, {}, request.unlock_key, request.guess_limit, std::move(authority)};
  recovery::BeginRegistration begin{request.version, RandomArray<32>(), 0};
  begin.chip.emplace(std::move(chip));
  LABREC_RETURN_IF_ERROR(ApplyBegin(account, record, name, begin).status());
  const Digest nonce = StatementNonce(parts_.realm_id, name, request.version, request.nonce);
  return ChipBeginning{name, std::move(begin), nonce};
}

void ChipRecords::BeginChipRegistration(Caller caller, ChipRegistration request,
                                        Done<ChipRegistrationBegun> done) {
  absl::StatusOr<ChipBeginning> checked = CheckBeginning(caller, std::move(request));
  if (!checked.ok()) return done(std::move(checked).status());
  absl::StatusOr<RequestQueue::Place> place = parts_.admission.Admit(caller);
  if (!place.ok()) return done(std::move(place).status());
  parts_.beginner.Begin(*std::move(checked), *std::move(place), std::move(done));
}

void ChipRecords::ConfirmKey(Caller caller, std::string record, uint32_t version,
                             RegistrationId registration_id, std::vector<P256Point> elements,
                             Done<std::vector<P256Point>> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  if (elements.size() != kMostRegistrationEvaluations) {
    return done(absl::InvalidArgumentError("elements: must be 2"));
  }
  const absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(row.status());
  const RecordVersion* begun = *row ? (*row)->Find(version) : nullptr;
  if (begun == nullptr || !begun->chip || begun->usable() || begun->registration_id() != registration_id) {
    return done(absl::FailedPreconditionError(
        "no chip-enforced registration of this version is open under this registration id: begin again"));
  }
  const absl::StatusOr<hsm::CountedKey> key = KeyOf(*row, version);
  if (!key.ok()) return done(key.status());
  parts_.chip.Submit(
      elements.size(), [this, name, which = ChipVersion{version, key->index}, key = *key,
                        elements = std::move(elements), done = std::move(done)](hsm::Device& device) {
        hsm::UseCount use;
        auto answers = EvaluateBoth(device, key, elements, use);
        if (!parts_.chip.Note(answers.status()).ok()) return done(answers.status());
        const ChipEvaluated evaluated{which, use.count, use.limit, {}};
        FollowUpOn(
            parts_.queue, name,
            [evaluated](const std::optional<Record>& now) { return ApplyChipEvaluated(now, evaluated); },
            [answers = *std::move(answers), done](const absl::Status& noted) {
              if (!noted.ok()) return done(noted);
              done(answers);
            });
      });
}

void ChipRecords::BeginChipWrite(Caller caller, std::string record, uint32_t version,
                                 Done<hsm::WriteSession> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  const absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(row.status());
  if (absl::Status known = KeyOf(*row, version).status(); !known.ok()) return done(std::move(known));
  const Digest key = RecordRowKey(name);
  if (auto open = parts_.sessions.Find(key, version, steady_clock::now())) return done(*std::move(open));
  parts_.chip.Submit(1, [this, key, version, done = std::move(done)](hsm::Device& device) {
    absl::StatusOr<hsm::WriteSession> session = device.counted_keys()->BeginWrite();
    if (!parts_.chip.Note(session.status()).ok()) return done(session.status());
    parts_.sessions.Keep(key, version, *session, steady_clock::now());
    done(*std::move(session));
  });
}

void ChipRecords::FinishChipWrite(Caller caller, ChipWrite request, Done<ChipContents> done) {
  const RecordName name{caller.tenant, caller.account, request.record};
  absl::Status bad = CheckName(name);
  bad.Update(CheckSize("nonce", request.nonce, kNonceBytes));
  bad.Update(CheckSize("signature", request.signature, kSignatureBytes));
  if (!bad.ok()) return done(std::move(bad));
  const absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(row.status());
  const absl::StatusOr<hsm::CountedKey> key = KeyOf(*row, request.version);
  if (!key.ok()) return done(key.status());
  if (absl::Status may = MayWrite(*row, request.version, request.limit); !may.ok()) return done(may);
  const Digest row_key = RecordRowKey(name);
  if (!parts_.sessions.Is(row_key, request.version, request.session)) {
    return done(absl::NotFoundError("the write session is unknown or has ended: begin the write again"));
  }
  const Digest nonce = StatementNonce(parts_.realm_id, name, request.version, request.nonce);
  parts_.chip.Submit(1, [this, name, row_key, key = *key, nonce, request = std::move(request),
                         done = std::move(done)](hsm::Device& device) {
    const absl::StatusOr<hsm::UseCount> use =
        device.counted_keys()->FinishWrite(key, request.session, request.limit, request.signature);
    if (!absl::IsPermissionDenied(use.status())) parts_.sessions.Forget(row_key, request.version);
    if (!parts_.chip.Note(use.status()).ok()) return done(use.status());
    absl::StatusOr<Bytes> statement = CertifyContents(device, key, nonce);
    parts_.chip.Note(statement.status()).IgnoreError();
    const ChipWritten written{{request.version, key.index}, request.limit};
    FollowUpOn(
        parts_.queue, name,
        [written](const std::optional<Record>& now) { return ApplyChipWritten(now, written); },
        [statement = std::move(statement), done](const absl::Status& noted) {
          if (!noted.ok()) return done(noted);
          if (!statement.ok()) return done(statement.status());
          done(ChipContents{*statement});
        });
  });
}

}  // namespace labrec::recovery
