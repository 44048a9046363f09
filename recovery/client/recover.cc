#include "recovery/client/recover.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/operations/recover.h"

namespace labrec::recovery::client {

absl::StatusOr<RecoverOutcome> Recover(const RealmSet& realms, const RecoverRequest& request,
                                       const SecretBytes& pin) {
  return RunOverGrpc<RecoverOutcome>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::Recover(scope, account, request, pin);
  });
}

void RefillChipGuesses(const RealmSet& realms, Recovered& recovered) {
  RunOverGrpc<void>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::RefillChipGuesses(scope, account, recovered);
  }).IgnoreError();  // the reports say what came of it
}

}  // namespace labrec::recovery::client
