#include "hsm/tpm2/freshness_anchor.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/realm/anchor_message.h"
#include "hsm/tpm2/realm/key_use.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status SomebodyElse(uint64_t wanted, uint64_t found) {
  return absl::DataLossError(absl::StrCat("the TPM's freshness counter is at ", found,
                                          ", which is not where a commit of epoch ", wanted,
                                          " finds or leaves it: another process uses this realm's counter. "
                                          "Stop it, and restart on its database"));
}

Freshness Compare(uint64_t epoch, uint64_t device_epoch) {
  if (epoch == device_epoch) return Freshness::kFresh;
  if (epoch < device_epoch) return Freshness::kStale;
  return epoch - device_epoch == 1 ? Freshness::kOneAhead : Freshness::kUnknown;
}

}  // namespace

// The claim is written and read back: of two that claim at once, one finds the other's.
absl::Status TpmFreshnessAnchor::Claim() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Bytes claim = ToBytes(SecretBytes::Random(kClaimSize).view());
  claim_.clear();
  seen_.reset();
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) {
    return WriteIndex(*realm.context, *realm.session, realm.anchor->claim, claim);
  }));
  ++writes_;
  claim_ = claim;
  claimed_at_ = std::chrono::steady_clock::now();
  const absl::Status held = LookAtClaim();
  if (!held.ok()) claim_.clear();
  return held;
}

absl::Status TpmFreshnessAnchor::CheckClaim() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return LookAtClaim();
}

absl::Status TpmFreshnessAnchor::LookAtClaim() {
  if (claim_.empty()) {
    return absl::FailedPreconditionError("the freshness anchor must be claimed before it is used");
  }
  Bytes found;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(found,
                            ReadIndex(*realm.context, *realm.session, realm.anchor->claim, kClaimSize));
    return absl::OkStatus();
  }));
  if (found == claim_) return absl::OkStatus();
  seen_.reset();
  return absl::DataLossError(
      "another process has claimed this realm's freshness anchor; this one must end. If it was not you who "
      "started the other, somebody runs a copy of this service");
}

absl::StatusOr<uint64_t> TpmFreshnessAnchor::CurrentEpoch() {
  uint64_t epoch = 0;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(epoch, ReadCounter(*realm.context, *realm.session, realm.anchor->counter));
    return absl::OkStatus();
  }));
  return epoch;
}

absl::StatusOr<SecretBytes> TpmFreshnessAnchor::Evidence(uint64_t epoch, const Digest& digest) {
  SecretBytes evidence;
  const Bytes message = AnchorMessage(realm_id_, epoch, digest);
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(evidence, UseHmacKey(realm, message));
    return absl::OkStatus();
  }));
  return evidence;
}

// The claim is looked at after the epoch. Were it the other way round, somebody could claim and commit
// between the two looks, and this object would make evidence for an epoch that follows the other's.
absl::StatusOr<TpmFreshnessAnchor::Seen> TpmFreshnessAnchor::Look() {
  Seen seen;
  LABREC_ASSIGN_OR_RETURN(seen.epoch, CurrentEpoch());
  LABREC_RETURN_IF_ERROR(LookAtClaim());
  return seen;
}

// Only the first one after a claim looks at all: the commit before ends with the same two looks, in the same
// order. Whoever claimed after them finds the device at their epoch or above, so this evidence is for the
// epoch after that at most.
absl::StatusOr<Bytes> TpmFreshnessAnchor::Prepare(uint64_t epoch, const Digest& digest) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!seen_) {
    LABREC_ASSIGN_OR_RETURN(seen_, Look());
  }
  if (epoch == 0 || epoch - 1 != seen_->epoch) {
    return absl::FailedPreconditionError(
        absl::StrCat("the TPM is at epoch ", seen_->epoch, " and prepares only the next one, not ", epoch));
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes evidence, Evidence(epoch, digest));
  return ToBytes(evidence.view());
}

// The claim is looked at twice: before counting, to harm nobody, and after it, to know that nobody else
// claimed until the device stood at `epoch`. That last pair of looks is what the next Prepare relies on.
absl::Status TpmFreshnessAnchor::Commit(uint64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::optional<uint64_t> unseen_over = MayCountOver(epoch);
  seen_.reset();
  LABREC_RETURN_IF_ERROR(LookAtClaim());
  LABREC_RETURN_IF_ERROR(MoveTo(epoch, unseen_over));
  LABREC_RETURN_IF_ERROR(LookAtClaim());
  seen_ = Seen{epoch, counted_over_};
  return absl::OkStatus();
}

std::optional<uint64_t> TpmFreshnessAnchor::MayCountOver(uint64_t epoch) const {
  if (!seen_ || epoch == 0 || epoch - 1 != seen_->epoch) return std::nullopt;
  if (std::chrono::steady_clock::now() - claimed_at_ < watch_) return std::nullopt;
  return seen_->committed_over;
}

absl::Status TpmFreshnessAnchor::MoveTo(uint64_t epoch, std::optional<uint64_t> unseen_over) {
  counted_over_.reset();
  if (!unseen_over) {
    LABREC_ASSIGN_OR_RETURN(const uint64_t before, CurrentEpoch());
    if (before == epoch) return absl::OkStatus();
    if (epoch == 0 || before != epoch - 1) return SomebodyElse(epoch, before);
  }
  LABREC_RETURN_IF_ERROR(
      connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) { return Count(realm, epoch, unseen_over); }));
  LABREC_ASSIGN_OR_RETURN(const uint64_t after, CurrentEpoch());
  return after == epoch ? absl::OkStatus() : SomebodyElse(epoch, after);
}

// The increment is sent once, and never again without a look at the counter. An error code from the TPM means
// that it did not count; only after a broken connection nobody knows whether it did.
absl::Status TpmFreshnessAnchor::Count(LoadedRealm& realm, uint64_t epoch,
                                       std::optional<uint64_t> unseen_over) {
  if (unseen_over && *unseen_over != realm.number) {
    LABREC_ASSIGN_OR_RETURN(const uint64_t before,
                            ReadCounter(*realm.context, *realm.session, realm.anchor->counter));
    if (before == epoch) return absl::OkStatus();
    if (before != epoch - 1) return SomebodyElse(epoch, before);
  }
  const absl::Status counted = IncrementCounter(*realm.context, *realm.session, realm.anchor->counter);
  if (counted.ok()) {
    ++writes_;
    counted_over_ = realm.number;
  }
  if (realm.context->damage() != Damage::kBroken) return counted;
  return absl::UnavailableError(
      absl::StrCat("it is not known whether the freshness counter moved; commit again: ", counted.message()));
}

absl::StatusOr<FreshnessReport> TpmFreshnessAnchor::Check(uint64_t epoch, const Digest& digest,
                                                          ByteView evidence) {
  const std::lock_guard<std::mutex> lock(mutex_);
  FreshnessReport report;
  LABREC_ASSIGN_OR_RETURN(report.device_epoch, CurrentEpoch());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes expected, Evidence(epoch, digest));
  report.attested = expected.Equals(evidence);
  report.freshness = report.attested ? Compare(epoch, report.device_epoch) : Freshness::kForged;
  return report;
}

AnchorWear TpmFreshnessAnchor::wear() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return AnchorWear{"tpm-nv-counter", writes_};
}

}  // namespace labrec::hsm::tpm2
