#include "recovery/client/enroll.h"

#include <optional>

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/devices.h"

namespace labrec::recovery::client {

std::vector<RealmReport> EnrollDevice(const RealmSet& realms, const DeviceKey& device,
                                      const std::string& name, const RequestSigner* authority) {
  const core::KeyAtHand key(device);
  std::optional<core::KeyAtHand> voucher;
  if (authority != nullptr) voucher.emplace(*authority);
  using Reports = std::vector<RealmReport>;
  return *RunOverGrpc<Reports>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::EnrollDevice(scope, account, device.public_key(), key, name, voucher ? &*voucher : nullptr);
  });
}

}  // namespace labrec::recovery::client
