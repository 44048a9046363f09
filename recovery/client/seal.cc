#include "recovery/client/seal.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/seal.h"

namespace labrec::recovery::client {

absl::StatusOr<Sealed> Seal(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret,
                            const SecretBytes& pin, const RequestSigner& signer) {
  const core::KeyAtHand key(signer);
  return RunOverGrpc<Sealed>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::Seal(scope, account, request, secret, pin, key);
  });
}

}  // namespace labrec::recovery::client
