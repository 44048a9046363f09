// Apart from the approvals' file format, so that a verifier does not bring along what reads it.
#include "hsm/pcr/pcr_approval.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::hsm {

Bytes PcrApprovalPolicy(const EcdsaPublicKey& approver) {
  return tpm::PolicyDigest(tpm::HashAlgorithm::kSha256)
      .Authorize(tpm::ExternalKeyArea(approver).Name(), {})
      .AuthValue()
      .digest();
}

}  // namespace labrec::hsm
