#include "recovery/client/change_pin.h"

#include <algorithm>

#include "hsm/base/status_macros.h"

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

  v1::Signature Sign(ByteView realm_id, ByteView challenge, ByteView message) const override {
    const bool holds =
        std::ranges::any_of(holders_, [&](const Bytes& holder) { return SameBytes(holder, realm_id); });
    const RequestSigner& signer = holds || device_ == nullptr ? authority_ : *device_;
    return signer.Sign(realm_id, challenge, message);
  }

 private:
  const RequestSigner& authority_;
  const RequestSigner* device_;
  std::vector<Bytes> holders_;
};

PinChange NotRecovered(RecoverOutcome outcome) {
  if (auto* wrong = std::get_if<WrongPin>(&outcome)) return std::move(*wrong);
  if (auto* locked = std::get_if<LockedUntil>(&outcome)) return std::move(*locked);
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
  seal.guess_limit = recovered->group.config.guess_limit();
  seal.holders = holders;
  const UnlockKeyOrDevice signer(realms, *recovered, device);
  LABREC_ASSIGN_OR_RETURN(Sealed sealed, Seal(realms, seal, recovered->secret, new_pin, signer));
  return sealed;
}

}  // namespace labrec::recovery::client
