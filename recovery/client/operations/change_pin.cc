#include "recovery/client/operations/change_pin.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "pin/guess_total.h"
#include "recovery/client/operations/recover.h"
#include "recovery/client/operations/seal.h"
#include "recovery/client/steps/kept_enforcement.h"

namespace labrec::recovery::client::core {
namespace {

// Signs by the unlock key where the realm holds the version it belongs to, else by the device.
class UnlockKeyOrDevice final : public Signer {
 public:
  UnlockKeyOrDevice(const Recovered& recovered, const Signer* device)
      : unlock_key_(recovered.authority), device_(device) {
    for (const GroupMember& member : recovered.group.members) {
      if (recovered.reports[member.realm].condition == RealmCondition::kGood) {
        holders_.push_back(member.realm);
      }
    }
  }

  Task<RequestSignature> Sign(Scope& scope, const Account& account, size_t realm,
                              Bytes message) const override {
    const bool holds = std::ranges::find(holders_, realm) != holders_.end();
    const Signer& signer = holds || device_ == nullptr ? unlock_key_ : *device_;
    return signer.Sign(scope, account, realm, std::move(message));
  }

 private:
  KeyAtHand unlock_key_;
  const Signer* device_;
  std::vector<size_t> holders_;
};

// The record's limit, or what keeps to the record's total of guesses now that the list has more realms.
absl::StatusOr<uint32_t> KeepGuessLimit(const Account& account, const RecordConfig& config) {
  const pin::Quorum before{static_cast<uint32_t>(config.realms.size()), config.threshold};
  const pin::Quorum now{static_cast<uint32_t>(account.size()), config.threshold};
  const uint64_t total = pin::TestablePins(before, config.guess_limit).value_or(0);
  const uint32_t limit = std::min(
      config.guess_limit, pin::GreatestLimit(now, static_cast<uint32_t>(total), pin::GuessThief::kOutsider));
  if (limit > 0) return limit;
  return absl::FailedPreconditionError(
      absl::StrCat("the list has ", now.realms, " realms now, and the ", total,
                   " PINs that can be tried at this record leave none for each of them: seal it again, with "
                   "another threshold or total"));
}

Task<Sealed> SealAnew(Scope& scope, Account& account, SealRequest seal, const Recovered& recovered,
                      const SecretBytes& new_pin, const Signer* device) {
  LABREC_CO_ASSIGN_OR_RETURN(seal.guess_limit, KeepGuessLimit(account, recovered.group.config));
  LABREC_CO_ASSIGN_OR_RETURN(const KeptEnforcement kept, KeepEnforcement(account, recovered.group.config));
  seal.enforcement = kept.enforcement;
  seal.trust = kept.trust;
  const Retirement retirement{recovered.group, recovered.authority, recovered.reports, recovered.own_tries};
  seal.retire = &retirement;
  const UnlockKeyOrDevice signer(recovered, device);
  auto sealed = co_await Seal(scope, account, seal, recovered.secret, new_pin, signer);
  co_return sealed;
}

}  // namespace

PinChange NotRecovered(RecoverOutcome outcome) {
  if (auto* wrong = std::get_if<WrongPin>(&outcome)) return std::move(*wrong);
  if (auto* locked = std::get_if<LockedUntil>(&outcome)) return std::move(*locked);
  if (auto* used_up = std::get_if<UsedUp>(&outcome)) return std::move(*used_up);
  if (auto* destroyed = std::get_if<Destroyed>(&outcome)) return std::move(*destroyed);
  return std::get<NotRegistered>(std::move(outcome));
}

Task<PinChange> SealAgain(Scope& scope, Account& account, Recovered& recovered, Holders holders,
                          const SecretBytes& new_pin, const Signer* device) {
  SealRequest seal;
  seal.record = recovered.group.config.name.record;
  seal.threshold = recovered.group.threshold();
  seal.argon = recovered.group.config.argon;  // chosen when the record was sealed
  seal.holders = holders;
  auto sealed = co_await SealAnew(scope, account, std::move(seal), recovered, new_pin, device);
  if (sealed.ok()) co_return PinChange(*std::move(sealed));
  LABREC_CO_RETURN_IF_ERROR(co_await RefillChipGuesses(scope, account, recovered));  // the old version stays
  co_return sealed.status();
}

Task<PinChange> ChangePin(Scope& scope, Account& account, RecoverRequest request, Holders holders,
                          const SecretBytes& old_pin, const SecretBytes& new_pin, const Signer* device) {
  request.refill = ChipRefill::kLater;  // the new version ends the indices that would be refilled
  LABREC_CO_ASSIGN_OR_RETURN(RecoverOutcome outcome, co_await Recover(scope, account, request, old_pin));
  auto* recovered = std::get_if<Recovered>(&outcome);
  if (recovered == nullptr) co_return NotRecovered(std::move(outcome));
  auto changed = co_await SealAgain(scope, account, *recovered, holders, new_pin, device);
  co_return changed;
}

}  // namespace labrec::recovery::client::core
