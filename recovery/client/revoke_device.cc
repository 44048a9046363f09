#include "recovery/client/revoke_device.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/devices.h"

namespace labrec::recovery::client {

std::vector<RealmReport> RevokeDevice(const RealmSet& realms, const std::array<uint8_t, 16>& device_id,
                                      const RequestSigner& signer) {
  const core::KeyAtHand key(signer);
  using Reports = std::vector<RealmReport>;
  return *RunOverGrpc<Reports>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::RevokeDevice(scope, account, device_id, key);
  });
}

}  // namespace labrec::recovery::client
