#include "recovery/client/epoch_floor.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/epoch_floor.h"

namespace labrec::recovery::client {

std::vector<RealmReport> RaiseFloor(const RealmSet& realms, const std::string& record, uint64_t sequence,
                                    const Digest& digest, const DeviceKey& device) {
  const core::KeyAtHand key(device);
  using Reports = std::vector<RealmReport>;
  return *RunOverGrpc<Reports>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::RaiseFloor(scope, account, record, sequence, digest, key);
  });
}

FloorReading ReadFloor(const RealmSet& realms, const std::string& record, const DeviceKey& device) {
  const core::KeyAtHand key(device);
  return *RunOverGrpc<FloorReading>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::ReadFloor(scope, account, record, key);
  });
}

}  // namespace labrec::recovery::client
