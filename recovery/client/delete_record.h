#pragma once

#include <string>
#include <vector>

#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/outcome.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Deletes the record, with all its versions, at every realm. kGood where it is gone now, kNotRegistered where
// there was none, kUnreachable and kRefused where it still is. Blocks; any thread.
std::vector<RealmReport> DeleteRecord(const RealmSet& realms, const std::string& record,
                                      const RequestSigner& signer);

// The same, by the PIN: signed by the unlock key of what was recovered. Where a chip counts the version it is
// left without a guess first, and proves it: `remaining` is 0 there. kGood with an error: the realm says that
// it deleted the record, and nothing proves that no guess is left.
std::vector<RealmReport> DeleteRecovered(const RealmSet& realms, const Recovered& recovered);

}  // namespace labrec::recovery::client
