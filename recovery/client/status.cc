#include "recovery/client/status.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/status.h"

namespace labrec::recovery::client {

RecordStatus GetStatus(const RealmSet& realms, const std::string& record, uint32_t least_realms,
                       LeastFrom least_from) {
  const Least least{least_realms > 0 ? least_realms : Majority(realms.size()), least_from};
  return *RunOverGrpc<RecordStatus>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::GetStatus(scope, account, record, least);
  });
}

std::vector<uint32_t> UnactivatedOf(const RecordStatus& status, ByteView device_id) {
  std::set<uint32_t> pending, active;
  for (const RealmStatus& realm : status.realms) {
    for (const VersionStatus& version : realm.versions) {
      if (version.stage == OfferStage::kActive) active.insert(version.version);
      if (SameBytes(version.registered_by, device_id)) pending.insert(version.version);
    }
  }
  std::vector<uint32_t> unactivated;
  std::ranges::set_difference(pending, active, std::back_inserter(unactivated));
  return unactivated;
}

}  // namespace labrec::recovery::client
