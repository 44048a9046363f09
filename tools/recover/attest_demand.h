#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/client/attest.h"
#include "recovery/client/base/realm_set.h"

namespace labrec::recover {

// What --attest-policy FILE demands, now; nothing without a file. Errors of AttestPolicy::Load, with the
// file's name.
absl::StatusOr<recovery::client::AttestDemand> ReadAttestDemand(const std::string& policy_file);

// OK if every realm that answers proves itself as the file demands, or if there is no file. Realms that do
// not answer are left to the operation that follows; those that did are held to the TLS key that they proved.
// Otherwise the refusal of the first that did not.
absl::Status CheckRealms(const recovery::client::RealmSet& realms, const std::string& policy_file);

}  // namespace labrec::recover
