#pragma once

#include "absl/status/status.h"

namespace labrec::recovery::client {

// gRPC shows a handshake in which the client refused the certificate as UNAVAILABLE, as if the realm were
// away: what tells them apart is gRPC's text alone. PERMISSION_DENIED of kind kTlsMismatch then, which nobody
// repeats and which says what was wrong: another answer would need another certificate, or another list. Any
// other status comes back as it is. A realm that writes such a text into an answer of its own is not asked
// again either.
absl::Status WithTlsFailure(absl::Status status);

}  // namespace labrec::recovery::client
