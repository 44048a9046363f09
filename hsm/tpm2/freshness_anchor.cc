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
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) {
    return WriteIndex(*realm.context, *realm.session, realm.anchor->claim, claim);
  }));
  ++writes_;
  claim_ = claim;
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
absl::StatusOr<Bytes> TpmFreshnessAnchor::Prepare(uint64_t epoch, const Digest& digest) {
  const std::lock_guard<std::mutex> lock(mutex_);
  LABREC_ASSIGN_OR_RETURN(const uint64_t current, CurrentEpoch());
  LABREC_RETURN_IF_ERROR(LookAtClaim());
  if (epoch == 0 || epoch - 1 != current) {
    return absl::FailedPreconditionError(
        absl::StrCat("the TPM is at epoch ", current, " and prepares only the next one, not ", epoch));
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes evidence, Evidence(epoch, digest));
  return ToBytes(evidence.view());
}

// The claim is looked at twice: before counting, to harm nobody, and after it, to know that nobody else
// claimed until the device stood at `epoch`.
absl::Status TpmFreshnessAnchor::Commit(uint64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  LABREC_RETURN_IF_ERROR(LookAtClaim());
  LABREC_RETURN_IF_ERROR(MoveTo(epoch));
  return LookAtClaim();
}

absl::Status TpmFreshnessAnchor::MoveTo(uint64_t epoch) {
  LABREC_ASSIGN_OR_RETURN(const uint64_t before, CurrentEpoch());
  if (before == epoch) return absl::OkStatus();
  if (epoch == 0 || before != epoch - 1) return SomebodyElse(epoch, before);
  LABREC_RETURN_IF_ERROR(Increment());
  LABREC_ASSIGN_OR_RETURN(const uint64_t after, CurrentEpoch());
  return after == epoch ? absl::OkStatus() : SomebodyElse(epoch, after);
}

// The increment is sent once, and never again without looking. An error code from the TPM means that it did
// not count; only after a broken connection nobody knows whether it did.
absl::Status TpmFreshnessAnchor::Increment() {
  return connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) {
    const absl::Status counted = IncrementCounter(*realm.context, *realm.session, realm.anchor->counter);
    if (counted.ok()) ++writes_;
    if (realm.context->damage() != Damage::kBroken) return counted;
    return absl::UnavailableError(absl::StrCat(
        "it is not known whether the freshness counter moved; commit again: ", counted.message()));
  });
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
