#include "recovery/client/change_pin.h"

#include <optional>

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/change_pin.h"

namespace labrec::recovery::client {

absl::StatusOr<PinChange> ChangePin(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                                    const SecretBytes& old_pin, const SecretBytes& new_pin,
                                    const RequestSigner* device) {
  std::optional<core::KeyAtHand> key;
  if (device != nullptr) key.emplace(*device);
  return RunOverGrpc<PinChange>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::ChangePin(scope, account, request, holders, old_pin, new_pin, key ? &*key : nullptr);
  });
}

}  // namespace labrec::recovery::client
