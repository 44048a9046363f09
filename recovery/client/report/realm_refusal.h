#pragma once

#include "absl/status/status.h"

namespace labrec::recovery::client {

// Tells what a realm refused from what failed on this host: an error of a file, or of the TLS key that a
// realm showed, has the same code, and other advice.

// `status`, marked as a realm's own answer.
absl::Status RefusedByRealm(absl::Status status);
bool IsRefusedByRealm(const absl::Status& status);

}  // namespace labrec::recovery::client
