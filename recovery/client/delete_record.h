#pragma once

#include <string>
#include <vector>

#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Deletes the record, with all its versions, at every realm. kGood where it is gone now, kNotRegistered where
// there was none, kUnreachable and kRefused where it still is. Blocks; any thread.
std::vector<RealmReport> DeleteRecord(const RealmSet& realms, const std::string& record,
                                      const RequestSigner& signer);

}  // namespace labrec::recovery::client
