#include "recovery/client/change_pin.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/guess_total.h"
#include "recovery/client/steps/kept_enforcement.h"

namespace labrec::recovery::client {
namespace {

// Signs by the unlock key where the realm holds the version it belongs to, else by the device.
class UnlockKeyOrDevice : public RequestSigner {
 public:
  UnlockKeyOrDevice(const RealmSet& realms, const Recovered& recovered, const RequestSigner* device)
      : authority_(recovered.authority), device_(device) {
    for (const GroupMember& member : recovered.group.members) {
      if (recovered.reports[member.realm].condition == RealmCondition::kGood) {
        holders_.push_back(realms.address(member.realm).id);
      }
    }
  }

  RequestSignature Sign(ByteView realm_id, ByteView message) const override {
    const bool holds =
        std::ranges::any_of(holders_, [&](const Bytes& holder) { return SameBytes(holder, realm_id); });
    const RequestSigner& signer = holds || device_ == nullptr ? authority_ : *device_;
    return signer.Sign(realm_id, message);
  }

 private:
  const RequestSigner& authority_;
  const RequestSigner* device_;
  std::vector<Bytes> holders_;
};

// The record's limit, or what keeps to the record's total of guesses now that the list has more realms.
absl::StatusOr<uint32_t> KeepGuessLimit(const RealmSet& realms, const RecordConfig& config) {
  const pin::Quorum before{static_cast<uint32_t>(config.realms.size()), config.threshold};
  const pin::Quorum now{static_cast<uint32_t>(realms.size()), config.threshold};
  const uint64_t total = pin::TestablePins(before, config.guess_limit).value_or(0);
  const uint32_t limit = std::min(
      config.guess_limit, pin::GreatestLimit(now, static_cast<uint32_t>(total), pin::GuessThief::kOutsider));
  if (limit > 0) return limit;
  return absl::FailedPreconditionError(
      absl::StrCat("the list has ", now.realms, " realms now, and the ", total,
                   " PINs that can be tried at this record leave none for each of them: seal it again, with "
                   "another threshold or total"));
}

PinChange NotRecovered(RecoverOutcome outcome) {
  if (auto* wrong = std::get_if<WrongPin>(&outcome)) return std::move(*wrong);
  if (auto* locked = std::get_if<LockedUntil>(&outcome)) return std::move(*locked);
  if (auto* used_up = std::get_if<UsedUp>(&outcome)) return std::move(*used_up);
  if (auto* destroyed = std::get_if<Destroyed>(&outcome)) return std::move(*destroyed);
  return std::get<NotRegistered>(std::move(outcome));
}

absl::StatusOr<Sealed> SealAnew(const RealmSet& realms, SealRequest& seal, const Recovered& recovered,
                                const SecretBytes& new_pin, const RequestSigner* device) {
  LABREC_ASSIGN_OR_RETURN(seal.guess_limit, KeepGuessLimit(realms, recovered.group.config));
  LABREC_ASSIGN_OR_RETURN(const KeptEnforcement kept, KeepEnforcement(realms, recovered.group.config));
  seal.enforcement = kept.enforcement;
  seal.trust = kept.trust;
  const Retirement retirement{recovered.group, recovered.authority};
  seal.retire = &retirement;
  const UnlockKeyOrDevice signer(realms, recovered, device);
  return Seal(realms, seal, recovered.secret, new_pin, signer);
}

}  // namespace

absl::StatusOr<PinChange> ChangePin(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                                    const SecretBytes& old_pin, const SecretBytes& new_pin,
                                    const RequestSigner* device) {
  RecoverRequest once = request;
  once.refill = ChipRefill::kLater;  // the new version ends the indices that would be refilled
  LABREC_ASSIGN_OR_RETURN(RecoverOutcome outcome, Recover(realms, once, old_pin));
  auto* recovered = std::get_if<Recovered>(&outcome);
  if (recovered == nullptr) return NotRecovered(std::move(outcome));
  SealRequest seal;
  seal.record = request.record;
  seal.threshold = recovered->group.threshold();
  seal.holders = holders;
  absl::StatusOr<Sealed> sealed = SealAnew(realms, seal, *recovered, new_pin, device);
  if (sealed.ok()) return *std::move(sealed);
  RefillChipGuesses(realms, *recovered);  // the old version stays
  return sealed.status();
}

}  // namespace labrec::recovery::client
