#pragma once

#include "absl/status/statusor.h"

#include "attestation/verify/tpm_identity.h"
#include "recovery/client/base/chip_trust.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// A realm's attestation key, and what was proven of it.
struct VerifiedAk {
  tpm::TpmtPublic ak;
  attestation::Report report;
};

// The realm's attestation key, verified by the pinned Name where there is one for this realm, else by its EK
// certificate and a challenge that only the TPM opens. DATA_LOSS (Unproven) if the realm does not prove it;
// INVALID_ARGUMENT if there is nothing to verify it by; errors of Call.
Task<VerifiedAk> VerifyAk(Scope& scope, Account& account, size_t realm, const ChipTrust& trust);

// A refusal of evidence, or what could not be parsed of it, as an error that names the realm and the reason:
// DATA_LOSS "realm oslo does not prove that its chip counts: ... (INDEX)".
absl::Status Unproven(const Realm& realm, const absl::Status& refusal);

}  // namespace labrec::recovery::client::core
