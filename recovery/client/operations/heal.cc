#include "recovery/client/operations/heal.h"

#include <utility>

#include "recovery/client/operations/change_pin.h"
#include "recovery/client/operations/recover.h"

namespace labrec::recovery::client::core {
namespace {

// Whether every realm of the list holds the version and has activated it, and no other was to.
bool IsWhole(const Account& account, const Recovered& recovered) {
  const size_t good = RealmsThatAre(recovered.reports, RealmCondition::kGood).size();
  return good == account.size() && recovered.group.members.size() == account.size() &&
         recovered.group.config.realms.size() == account.size();
}

// What is there already, as if it had just been sealed.
Sealed AsItIs(Recovered recovered) {
  Sealed sealed;
  sealed.version = recovered.group.version();
  sealed.threshold = recovered.group.threshold();
  sealed.guess_limit = recovered.group.config.guess_limit;
  sealed.holders = recovered.group.members.size();
  sealed.complete = true;
  sealed.pin = KnownPin::kSame;
  for (const GroupMember& member : recovered.group.members) {
    RealmCounting counting;
    counting.realm = recovered.reports[member.realm].realm;
    counting.by_chip = recovered.group.config.realms[member.x - 1].chip.has_value();
    sealed.counting.push_back(std::move(counting));
  }
  sealed.reports = std::move(recovered.reports);
  return sealed;
}

}  // namespace

Task<PinChange> Heal(Scope& scope, Account& account, RecoverRequest request, Holders holders,
                     const SecretBytes& pin, const Signer* device) {
  request.refill = ChipRefill::kLater;
  LABREC_CO_ASSIGN_OR_RETURN(RecoverOutcome outcome,
                             co_await Recover(scope, account, std::move(request), pin));
  auto* recovered = std::get_if<Recovered>(&outcome);
  if (recovered == nullptr) co_return NotRecovered(std::move(outcome));
  if (IsWhole(account, *recovered)) {
    LABREC_CO_RETURN_IF_ERROR(co_await RefillChipGuesses(scope, account, *recovered));
    co_return PinChange(AsItIs(std::move(*recovered)));
  }
  auto healed = co_await SealAgain(scope, account, *recovered, holders, pin, device);
  co_return healed;
}

}  // namespace labrec::recovery::client::core
