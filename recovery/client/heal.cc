#include "recovery/client/heal.h"

#include <optional>

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/heal.h"

namespace labrec::recovery::client {

absl::StatusOr<PinChange> Heal(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                               const SecretBytes& pin, const RequestSigner* device) {
  std::optional<core::KeyAtHand> key;
  if (device != nullptr) key.emplace(*device);
  return RunOverGrpc<PinChange>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::Heal(scope, account, request, holders, pin, key ? &*key : nullptr);
  });
}

}  // namespace labrec::recovery::client
