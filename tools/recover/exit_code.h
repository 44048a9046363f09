#pragma once

#include <vector>

#include "absl/status/status.h"

#include "recovery/client/change_pin.h"
#include "recovery/client/outcome.h"
#include "recovery/client/report/tally.h"
#include "recovery/client/status.h"

// What labyrinth-recover ends with; the same numbers stand in its manual page.
namespace labrec::recover {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitWrongPin = 3;
inline constexpr int kExitLockedOrDestroyed = 4;
inline constexpr int kExitNotRegistered = 5;
inline constexpr int kExitTooFewRealms = 6;
// Done, but a chip has counted tries that nobody explains, and got no refill.
inline constexpr int kExitUnexplained = 7;

int ExitCode(const absl::Status& status);
// Of what chips have counted: kExitUnexplained or kExitDone.
int ExitCodeOfChips(const std::vector<recovery::client::RealmReport>& reports);
int ExitCode(const recovery::client::RecoverOutcome& outcome);
int ExitCode(const recovery::client::PinChange& outcome);
// Of an operation that all realms have to do: kExitTooFewRealms if one could not be reached, kExitFailure if
// one refused, kExitNotRegistered if none knows the record.
int ExitCodeOfAll(const std::vector<recovery::client::RealmReport>& reports);
// What the state that `status` shows comes to, for a recovery.
recovery::client::Verdict VerdictOf(const recovery::client::RecordStatus& status, uint32_t least_realms);
// Of that verdict: kExitDone means that a recovery could be tried now.
int ExitCode(const recovery::client::RecordStatus& status, uint32_t least_realms);

}  // namespace labrec::recover
