#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/outcome.h"

namespace labrec::recovery::client {

// Brings the secret back: asks every realm for the record, has the PIN evaluated by all that agree on the
// newest version, finds the shares that fit, unlocks, and finishes the version's activation where that was
// left open. One call costs each realm at most one guess, and none before enough realms were seen to be
// there. A lost reply costs none: the same blinded element is sent again.
//
// A right PIN is answered as long as a guess is left at enough realms. Where none is left, nothing is sent,
// and nothing erased (UsedUp): another device may be about to unlock with the last one.
//
// Realms that are down, slow, faulty, outdated or destroyed are left out, and reported, if the others are
// enough; a success gives those that are locked or spent their guesses back. A wrong PIN that was the last
// guess at a realm makes it erase the record's keys at once (CloseSpent).
//
// Errors: IsTooFewRealms (the message says whether a try may have been spent); INVALID_ARGUMENT for a PIN or
// record name that no record can have; what realms refused with, where that leaves too few. Blocks; any
// thread.
absl::StatusOr<RecoverOutcome> Recover(const RealmSet& realms, const RecoverRequest& request,
                                       const SecretBytes& pin);

// Gives the guesses of chips back after a recovery with ChipRefill::kLater, or again with another
// Recovered::own_tries. Best effort: the reports say where it was not done or not proven, and where a chip
// has counted uses that nobody explains (RealmReport::chip). Blocks.
void RefillChipGuesses(const RealmSet& realms, Recovered& recovered);

}  // namespace labrec::recovery::client
