#include "recovery/client/attest.h"

#include "recovery/client/grpc/grpc_host.h"
#include "recovery/client/grpc/realm_channel.h"
#include "recovery/client/operations/attest.h"

namespace labrec::recovery::client {

absl::StatusOr<RealmAttestation> AttestRealm(const RealmSet& realms, size_t realm,
                                             const AttestDemand& demand) {
  return RunOverGrpc<RealmAttestation>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::AttestRealm(scope, account, realm, demand);
  });
}

absl::Status RequireProofs(const RealmSet& realms, const AttestDemand& demand) {
  for (size_t i = 0; i < realms.size(); ++i) {
    realms[i].SetUnproven(absl::FailedPreconditionError("it was not asked to yet"));
  }
  const auto answers = RunOverGrpc<core::Proofs>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::RequireProofs(scope, account, demand);
  });
  absl::Status refused;
  for (size_t i = 0; i < answers->size(); ++i) {
    const absl::StatusOr<RealmAttestation>& answer = (*answers)[i];
    if (answer.ok()) {
      realms[i].SetProven(answer->tls_key_hash);
      continue;
    }
    realms[i].SetUnproven(answer.status());
    if (refused.ok() && IsRefusedRealm(answer.status())) refused = answer.status();
  }
  return refused;
}

absl::StatusOr<DeviceClaims> AskDeviceClaims(const RealmSet& realms, size_t realm) {
  return RunOverGrpc<DeviceClaims>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::AskDeviceClaims(scope, account, realm);
  });
}

bool IsRefusedRealm(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsInvalidArgument(status) ||
         absl::IsFailedPrecondition(status) || absl::IsUnimplemented(status);
}

}  // namespace labrec::recovery::client
