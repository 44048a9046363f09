#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/client/attest.h"
#include "recovery/client/base/realm_set.h"

namespace labrec::cli {

// What --attest-policy FILE demands, now; nothing without a file. Errors of AttestPolicy::Load, with the
// file's name.
absl::StatusOr<recovery::client::AttestDemand> ReadAttestDemand(const std::string& policy_file);

// RequireProofs as the file demands; OK if there is no file.
absl::Status CheckRealms(const recovery::client::RealmSet& realms, const std::string& policy_file);

}  // namespace labrec::cli
