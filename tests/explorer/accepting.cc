#include <utility>

#include "recovery/record/accept/discarding.h"
#include "recovery/record/accept/lowering.h"
#include "recovery/record/rules/erasure.h"
#include "tests/explorer/functions.h"
#include "tests/explorer/mutations.h"

namespace labrec::recovery::explorer {

void Functions::Accept(MoveKind how, World& world) const {
  if (how == MoveKind::kAcceptWithoutAccount) {
    world.account = DiscardedAccount(kMain.tenant, kMain.account);
    if (Has(Mutant::kDiscardedIsNew)) world.account.reset();
    if (!Has(Mutant::kDiscardKeepsPending)) {
      if (world.main) world.main = ForgetDevices(*world.main);
      if (world.x) world.x = ForgetDevices(*world.x);
    }
  }
  if (!world.main) return;
  if (how == MoveKind::kAcceptWithoutRecord) {
    world.main = DiscardedRecord(kMain);
    return;
  }
  Record lowered = LowerRemaining(*world.main, options_.floor);
  if (Has(Mutant::kLowerNewestOnly)) RestoreOlderCounts(*world.main, lowered);
  world.main = std::move(lowered);
}

}  // namespace labrec::recovery::explorer
