#include "recovery/client/change_pin.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/guess_total.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

// Signs by the unlock key where the realm holds the version it belongs to, else by the device.
class UnlockKeyOrDevice : public RequestSigner {
 public:
  UnlockKeyOrDevice(const RealmSet& realms, const Recovered& recovered, const RequestSigner* device)
      : authority_(recovered.authority), device_(device) {
    for (const GroupMember& member : recovered.group.members) {
      if (recovered.reports[member.realm].condition == RealmCondition::kGood) {
        holders_.push_back(ToBytes(realms[member.realm].id()));
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

// The realms whose chip counted are to count by it again, known by the key that the config names. Where every
// realm's chip counted, none may count otherwise now.
absl::Status KeepEnforcement(const RealmSet& realms, const ConfigGroup& group, SealRequest& seal) {
  seal.enforcement = Enforcement::kAsPinned;
  for (size_t i = 0; i < realms.size(); ++i) {
    const ChipShare* chip = ChipShareOf(group.config, realms[i].id());
    if (chip != nullptr) {
      seal.trust.pinned_aks[ToBytes(realms[i].id())] = chip->ak_name;
    } else if (group.config.chips() == group.config.realms.size()) {
      return absl::FailedPreconditionError(
          absl::StrCat("realm ", realms[i].name(),
                       " is new in the list, and every realm's chip counts for this record: seal it again"));
    }
  }
  return absl::OkStatus();
}

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

}  // namespace

absl::StatusOr<PinChange> ChangePin(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                                    const SecretBytes& old_pin, const SecretBytes& new_pin,
                                    const RequestSigner* device) {
  LABREC_ASSIGN_OR_RETURN(RecoverOutcome outcome, Recover(realms, request, old_pin));
  const auto* recovered = std::get_if<Recovered>(&outcome);
  if (recovered == nullptr) return NotRecovered(std::move(outcome));
  SealRequest seal;
  seal.record = request.record;
  seal.threshold = recovered->group.threshold();
  LABREC_ASSIGN_OR_RETURN(seal.guess_limit, KeepGuessLimit(realms, recovered->group.config));
  seal.holders = holders;
  LABREC_RETURN_IF_ERROR(KeepEnforcement(realms, recovered->group, seal));
  const Retirement retirement{recovered->group, recovered->authority};
  seal.retire = &retirement;
  const UnlockKeyOrDevice signer(realms, *recovered, device);
  LABREC_ASSIGN_OR_RETURN(Sealed sealed, Seal(realms, seal, recovered->secret, new_pin, signer));
  return sealed;
}

}  // namespace labrec::recovery::client
