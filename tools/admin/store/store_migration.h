#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/ledger/verify.h"
#include "tools/admin/offline_realm.h"

namespace labrec::admin {

enum class MigrateTo { kPostgres, kFile };

struct MigrationReport {
  recovery::HeadRow head;
  double seconds = 0;  // copying alone
  bool resumed = false;
  bool sealed = false;  // under a period key
  std::string left;     // what is left of the original, and where
};

// Moves a realm's ledger between the folder's file and [store] url, while no daemon runs. The original has to
// be fresh by the device and intact; the copy is verified as a whole, and has the original's head, so the
// device takes it for the same. Nothing is written to the device. The original is put aside last: before, a
// migration that was interrupted is done again, or ended where the copy was complete. Errors leave the
// original in place.
absl::StatusOr<MigrationReport> Migrate(const OfflineRealm& where, MigrateTo to,
                                        const std::function<void(const recovery::VerifyProgress&)>& progress);

}  // namespace labrec::admin
