#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::attestation {

// What a client wants beside an EK certificate: those of `candidates` that lead from it upwards, each the
// issuer (by name and signature) of the one before it, no self-signed one, at most eight. All are DER.
// INVALID_ARGUMENT if one is no certificate.
absl::StatusOr<std::vector<Bytes>> IssuersOf(ByteView certificate, const std::vector<Bytes>& candidates);

}  // namespace labrec::attestation
