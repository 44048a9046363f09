#pragma once

#include "absl/status/statusor.h"

#include "recovery/api/record_config.h"
#include "recovery/client/base/chip_trust.h"
#include "recovery/client/core/account.h"

namespace labrec::recovery::client::core {

// Who is to count the guesses of a version that replaces one, and by which keys its chips are known.
struct KeptEnforcement {
  Enforcement enforcement = Enforcement::kAsPinned;
  ChipTrust trust;
};

// As before: the realms whose chip counted count by it again, known by the key that the config names.
// FAILED_PRECONDITION where every realm's chip counted and the list has a realm that the config has not.
absl::StatusOr<KeptEnforcement> KeepEnforcement(const Account& account, const RecordConfig& config);

}  // namespace labrec::recovery::client::core
