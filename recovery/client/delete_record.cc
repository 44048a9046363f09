#include "recovery/client/delete_record.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/delete_record.h"

namespace labrec::recovery::client {

std::vector<RealmReport> DeleteRecord(const RealmSet& realms, const std::string& record,
                                      const RequestSigner& signer) {
  const core::KeyAtHand key(signer);
  using Reports = std::vector<RealmReport>;
  return *RunOverGrpc<Reports>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::DeleteRecord(scope, account, record, key);
  });
}

std::vector<RealmReport> DeleteRecovered(const RealmSet& realms, const Recovered& recovered) {
  using Reports = std::vector<RealmReport>;
  return *RunOverGrpc<Reports>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::DeleteRecovered(scope, account, recovered);
  });
}

}  // namespace labrec::recovery::client
