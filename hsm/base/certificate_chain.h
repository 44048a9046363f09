#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec {

// When the first of the certificates in a PEM text expires (notAfter), in Unix milliseconds.
// INVALID_ARGUMENT: it holds none that can be read. Any thread.
absl::StatusOr<int64_t> EarliestExpiryMs(ByteView pem);

// Whether a client that trusts the certificates of `roots`, and nothing else, takes `chain` (its first
// certificate with those that lead from it towards a root) for the server `name`, a host name or an address,
// now. FAILED_PRECONDITION: why not; INVALID_ARGUMENT: nothing can be read. Any thread.
absl::Status CheckChain(ByteView chain, ByteView roots, const std::string& name);

}  // namespace labrec
