#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::attestation {

// Those of `candidates` that lead from the certificate upwards, each the issuer (by name and signature) of
// the one before it; no self-signed one, and at most eight: what a client wants beside an EK certificate. All
// are DER. INVALID_ARGUMENT if one is no certificate.
absl::StatusOr<std::vector<Bytes>> IssuersOf(ByteView certificate, const std::vector<Bytes>& candidates);

}  // namespace labrec::attestation
