#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/verify/attest_policy.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/tpms_attest.h"

namespace labrec::attestation {

// The quoted PCRs' values: `values` are shown beside the quote in its order, and their hash by
// `digest_algorithm` (the AK's signing scheme's) must be the quoted one (Part 3, section 18.4). Refusal kPcr.
absl::StatusOr<std::map<AttestPolicy::Pcr, Bytes>> QuotedPcrs(const tpm::QuoteInfo& quote,
                                                              const std::vector<Bytes>& values,
                                                              tpm::HashAlgorithm digest_algorithm);

// OK if each PCR that the policy names was quoted with one of its accepted values. Refusal kPcr.
absl::Status CheckPcrs(const AttestPolicy& policy, const std::map<AttestPolicy::Pcr, Bytes>& quoted);

}  // namespace labrec::attestation
