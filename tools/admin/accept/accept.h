#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/ledger/reanchor.h"
#include "recovery/ledger/verify.h"
#include "recovery/realm/opened_realm.h"
#include "tools/admin/accept/accepted_rows.h"

namespace labrec::admin {

struct AcceptRequest {
  recovery::StorePlace store;  // where the realm's ledger is
  uint32_t reanchor_floor = 1;
  // Also rows that the device does not vouch for (VouchedRows), as they are.
  bool take_unvouched = false;
  // Asked once, with what would be accepted and what that means, before anything is changed.
  std::function<absl::Status(const std::string&)> confirm;
  std::function<void(const recovery::VerifyProgress&)> progress;
};

struct AcceptReport {
  recovery::ReanchorReport rebuilt;
  AcceptedRows::Counts rows;
  bool resumed = false;  // an earlier accept was cut off after its last write; only the renaming was left
};

// The operator's way past a ledger that is refused: rebuilds it beside the old one from its rows, with at
// most `reanchor_floor` guesses left each, anchors that at the device's next epoch, and puts it in the old
// one's place. What becomes of each row, AcceptedRows says. Clears up a key ratchet that was spoilt, or has
// no key left. The audit log has it before and after. FAILED_PRECONDITION: the ledger is fresh and intact, so
// there is nothing to accept; or the device vouches for no row, and `take_unvouched` is not said. A crash
// leaves the old ledger or the new one; say it again then. Closes realm.store.
absl::StatusOr<AcceptReport> Accept(recoveryd::OpenedRealm& realm, const AcceptRequest& request);

}  // namespace labrec::admin
