#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/base/seal_request.h"

namespace labrec::recovery::client {

// Protects `secret` (1 to 1024 bytes) by `pin` at all realms, as a new version of the record, signed by an
// enrolled device or by the unlock keys of the version before. The older version stays usable until enough
// realms hold the new one; from then on the new one counts. If another client registers at the same time, one
// of the two comes last and is what stays: this one tries again, with a higher version, up to six times.
//
// Without the old PIN (no `retire`), the new PIN is first tried at the versions that are usable, one guess
// each: see steps/try_pin.h. The new version then begins with all its guesses, or, where nothing is known of
// the PIN, with as many as the version before has left, until the first success.
//
// With an enforcement by the chip, everything that a chip must prove is verified before the first share is
// stored: what is not proven is DATA_LOSS, with the reason.
//
// Errors: INVALID_ARGUMENT for a parameter out of range; FAILED_PRECONDITION where a chip is asked for that a
// realm does not have, or that has no room; IsTooFewRealms if fewer realms than request.holders
// asks for could be reached; ABORTED if other clients kept registering; what a realm refused with
// (PERMISSION_DENIED: the signer is not enrolled there). After an error the older version is as it was,
// unless the message says otherwise. Blocks; any thread.
absl::StatusOr<Sealed> Seal(const RealmSet& realms, const SealRequest& request, const SecretBytes& secret,
                            const SecretBytes& pin, const RequestSigner& signer);

}  // namespace labrec::recovery::client
