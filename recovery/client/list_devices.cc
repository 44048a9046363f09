#include "recovery/client/list_devices.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/devices.h"

namespace labrec::recovery::client {

std::vector<DeviceList> ListDevices(const RealmSet& realms) {
  using Lists = std::vector<DeviceList>;
  return *RunOverGrpc<Lists>(
      realms, [](core::Scope& scope, core::Account& account) { return core::ListDevices(scope, account); });
}

}  // namespace labrec::recovery::client
