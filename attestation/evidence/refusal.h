#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace labrec::attestation {

// Why evidence was refused, for programs; the status's message says it in words.
enum class RefusalReason {
  kMalformed,           // a part is not what its format says: lengths, tags, trailing bytes
  kEndorsementChain,    // the EK certificate does not lead to a trusted root, or is no EK certificate
  kEndorsementTime,     // a certificate or revocation list is not valid at this time
  kEndorsementRevoked,  // a certificate of the chain is revoked
  kEndorsementKey,      // the EK is not the certified one, or not of a template of TCG's EK profile
  kAttestationKey,      // the AK is not a restricted signing key that stays in its TPM, or not the pinned one
  kAttestationKeyBound,  // the AK was not shown to be in the EK's TPM
  kSignature,            // a statement is not signed by the AK
  kStatement,            // a signed statement says something else than it must
  kStale,                // a signed statement does not carry this exchange's nonce
  kKeyAttributes,        // the key is not fixed to the TPM, not made in it, or may do more than it must
  kKeyPolicy,            // the key's policy is not the one that the client rebuilt
  kIndex,                // the NV index is not of the kind, or not under the policy, that the client rebuilt
  kIndexContents,        // the NV index holds another limit or count
  kPcr,                  // the PCRs are not as the policy file says
  kFirmware,             // the firmware is older than the policy file says, or cannot be told
  kWrongKey,             // the certified key is not the one that the realm uses
};

// "ENDORSEMENT_CHAIN" and so on.
std::string_view NameOf(RefusalReason reason);

// A refusal: PERMISSION_DENIED with these words and the reason in its payload. What is refused was read whole
// and found wanting; asking again does not help.
absl::Status Refuse(RefusalReason reason, std::string_view words);

// The reason in a status made by Refuse. kMalformed for any other status: what could not be parsed.
RefusalReason ReasonOf(const absl::Status& status);

}  // namespace labrec::attestation
