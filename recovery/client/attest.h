#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/client/base/attest_demand.h"
#include "recovery/client/base/realm_set.h"

namespace labrec::recovery::client {

// Makes the realm prove, over a fresh nonce and this TLS connection, which TPM it has and that its keys are
// in it (docs/attestation.md, "A realm that counts in its ledger"). Errors: those of the connection;
// FAILED_PRECONDITION, from the realm, where its device can prove nothing; INVALID_ARGUMENT and the refusals
// of attestation/evidence/refusal.h for evidence that does not hold; each message begins with the realm's
// name. Any thread.
absl::StatusOr<RealmAttestation> AttestRealm(const RealmSet& realms, size_t realm,
                                             const AttestDemand& demand);

// From now on no realm of the set is asked for anything before it has proven itself as the demand wants: all
// are asked to, at once. What does not prove itself, whatever it answers instead, is left out by all
// operations that follow, whose reports say why; what does is reached only by connections with the TLS key
// that it proved. The refusal of the first realm that shows what does not fit, or says that it can prove
// nothing; else OK.
absl::Status RequireProofs(const RealmSet& realms, const AttestDemand& demand);

absl::StatusOr<DeviceClaims> AskDeviceClaims(const RealmSet& realms, size_t realm);

// True if a realm answered, and what it showed, or could not show, is not what was demanded: a reason not to
// trust it, other than one not to have reached it.
bool IsRefusedRealm(const absl::Status& status);

}  // namespace labrec::recovery::client
