#include "recovery/engine/device/attestation_work.h"

#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "recovery/engine/call/refusal.h"
#include "recovery/engine/device/failure.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::seconds kAskAgainAfter{10};

// Why there is no proof, for who asked: that the device is away, that it cannot prove anything, that a
// challenge is not for it. All else, and the device's own words for it, are the operator's matter.
absl::Status WhyUnproven(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status)) return ForCaller(status);
  if (absl::IsInvalidArgument(status)) {
    return InOwnWords(absl::InvalidArgumentError(
        "credential: the realm's device does not open it; make one for the EK and AK of its GetIdentity"));
  }
  spdlog::error("the key device failed to prove itself: {}", std::string(status.message()));
  if (absl::IsFailedPrecondition(status)) {
    return InOwnWords(absl::FailedPreconditionError(
        "the realm's device cannot prove itself at present; its operator finds in the log why"));
  }
  return ForCaller(status);
}

}  // namespace

// What was proven so far, and what comes next.
struct AttestationWork::RealmProof {
  enum class Next { kIdentity, kActivated, kKeys, kQuote, kDone };
  Caller caller;
  tpm::CredentialBlob challenge;
  Digest nonce;
  Done<Bytes> done;
  attestation::RealmEvidence evidence{};
  Next next = Next::kIdentity;
};

AttestationWork::AttestationWork(hsm::Device& device, DeviceExecutor& executor, DeviceHealth& health,
                                 attestation::ProverOptions options)
    : device_(device), executor_(executor), health_(health), identity_(absl::UnknownError("not asked yet")) {
  if (device.attester() != nullptr) prover_.emplace(*device.attester(), std::move(options));
}

absl::Status AttestationWork::Available() const {
  if (prover_.has_value()) return absl::OkStatus();
  const hsm::DeviceDescription& description = device_.description();
  return InOwnWords(absl::FailedPreconditionError(absl::StrCat(
      "nothing can be proven about this realm's device (", description.kind, ", ", description.manufacturer,
      " ", description.model, "): it has no standard attestation, and what it says of itself is a claim")));
}

void AttestationWork::Submit(std::function<void()> job) {
  executor_.Submit(JobKind::kAttestation, 1, std::move(job));
}

void AttestationWork::Identity(Done<Bytes> done) {
  if (absl::Status status = Available(); !status.ok()) return done(std::move(status));
  std::unique_lock lock(mutex_);
  const bool known = identity_.ok() || std::chrono::steady_clock::now() < ask_again_;
  if (known) {
    const absl::StatusOr<Bytes> identity = identity_;
    lock.unlock();
    return done(identity);
  }
  waiting_.push_back(std::move(done));
  const bool first = waiting_.size() == 1;
  lock.unlock();
  if (first) Submit([this] { AnswerIdentity(); });
}

void AttestationWork::AnswerIdentity() {
  const absl::StatusOr<attestation::IdentityEvidence> evidence = prover_->Identity();
  health_.Note(evidence.status());
  absl::StatusOr<Bytes> answer = Bytes();
  if (evidence.ok()) {
    answer = attestation::Encode(*evidence);
  } else {
    answer = WhyUnproven(evidence.status());
  }
  std::vector<Done<Bytes>> waiting;
  {
    const std::lock_guard lock(mutex_);
    identity_ = answer;
    const bool away = absl::IsUnavailable(evidence.status());  // then each attempt costs nothing
    ask_again_ = std::chrono::steady_clock::now() + (away ? std::chrono::seconds(0) : kAskAgainAfter);
    waiting.swap(waiting_);
  }
  for (const Done<Bytes>& done : waiting) done(answer);
}

void AttestationWork::Activate(Caller caller, tpm::CredentialBlob challenge, Done<SecretBytes> done) {
  if (absl::Status status = Available(); !status.ok()) return done(std::move(status));
  Submit([this, caller = std::move(caller), challenge = std::move(challenge), done = std::move(done)] {
    if (absl::Status gone = CheckWaits(caller); !gone.ok()) return done(std::move(gone));
    absl::StatusOr<SecretBytes> secret = prover_->Activate(challenge);
    health_.Note(secret.status());
    if (!secret.ok()) return done(WhyUnproven(secret.status()));
    done(std::move(secret));
  });
}

void AttestationWork::ProveRealm(Caller caller, tpm::CredentialBlob challenge, const Digest& nonce,
                                 Done<Bytes> done) {
  if (absl::Status status = Available(); !status.ok()) return done(std::move(status));
  auto proof = std::make_shared<RealmProof>();
  proof->caller = std::move(caller);
  proof->challenge = std::move(challenge);
  proof->nonce = nonce;
  proof->done = std::move(done);
  Submit([this, proof] { Step(proof); });
}

// One job of the device.
void AttestationWork::Step(std::shared_ptr<RealmProof> proof) {
  using Next = RealmProof::Next;
  absl::Status status = CheckWaits(proof->caller);
  if (!status.ok()) return proof->done(std::move(status));
  switch (proof->next) {
    case Next::kIdentity:
      status = prover_->AddIdentity(proof->evidence);
      proof->next = Next::kActivated;
      break;
    case Next::kActivated:
      status = prover_->AddActivated(proof->evidence, proof->challenge);
      proof->next = Next::kKeys;
      break;
    case Next::kKeys:
      status = prover_->AddKeys(proof->evidence, proof->nonce);
      proof->next = Next::kQuote;
      break;
    case Next::kQuote:
      status = prover_->AddQuote(proof->evidence, proof->nonce);
      proof->next = Next::kDone;
      break;
    case Next::kDone:
      break;
  }
  health_.Note(status);
  if (!status.ok()) return proof->done(WhyUnproven(status));
  if (proof->next == Next::kDone) return proof->done(attestation::Encode(proof->evidence));
  Submit([this, proof] { Step(proof); });
}

}  // namespace labrec::recovery
