#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "attestation/verify/ek/trust.h"
#include "attestation/verify/tpm_identity.h"
#include "recovery/client/grpc/realm_set.h"

namespace labrec::recovery::client {

// Who counts the guesses of a record that is to be sealed.
enum class Enforcement {
  kLedger,        // every realm, in its ledger
  kChip,          // every realm's chip; a realm that has none is refused
  kChipOrLedger,  // the chip where the realm has one, and proves it; the ledger where it says that it has
                  // none, or that it is full
  kAsPinned,      // the chip at the realms with a pinned key (ChipTrust), the ledger at the others
};
// "ledger", "chip", "chip-or-ledger", "as before".
std::string_view EnforcementName(Enforcement enforcement);

// What makes a client believe that a realm's attestation key is in a TPM: certificates of TPM vendors, or
// that the key is the one which an earlier seal verified and the record's config names.
struct ChipTrust {
  std::optional<attestation::EkTrust> roots;
  std::map<Bytes, Bytes> pinned_aks;  // Name of the key, by realm id
};

// A realm's attestation key, and what was proven of it.
struct VerifiedAk {
  tpm::TpmtPublic ak;
  attestation::Report report;
};

// The realm's attestation key, verified by the pinned Name where there is one for this realm, else by its EK
// certificate and a challenge that only the TPM opens. DATA_LOSS (Unproven) if the realm does not prove it;
// INVALID_ARGUMENT if there is nothing to verify it by; errors of RealmChannel.
absl::StatusOr<VerifiedAk> VerifyAk(const RealmSet& realms, size_t realm, const ChipTrust& trust,
                                    Cancellation& cancellation);

// A refusal of evidence, or what could not be parsed of it, as an error that names the realm and the reason:
// DATA_LOSS "realm oslo does not prove that its chip counts: ... (INDEX)".
absl::Status Unproven(const RealmChannel& realm, const absl::Status& refusal);

}  // namespace labrec::recovery::client
