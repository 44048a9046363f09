#pragma once

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/nv_index.h"
#include "hsm/tpm2/realm/state.h"

// A private header: it brings the TSS with it. The two NV indices of a freshness anchor: the counter holds
// the current epoch, the claim holds 16 random bytes of whoever claimed the anchor last.
namespace labrec::hsm::tpm2 {

inline constexpr size_t kClaimSize = 16;

struct AnchorIndices {
  NvIndex counter;
  NvIndex claim;
};

// Defines both, and writes each once, as an index has no value before. On failure nothing stays defined, as
// far as the TPM still answers.
absl::StatusOr<AnchorState> MakeAnchor(Context& context, const Session& session, IndexRange range,
                                       const SecretBytes& authorization,
                                       const SecretBytes& owner_authorization);

// FAILED_PRECONDITION if one is not there or is another than the pinned one.
absl::StatusOr<AnchorIndices> OpenAnchor(Context& context, const AnchorState& state,
                                         const SecretBytes& authorization);

// Removes what is left of the two. PERMISSION_DENIED, and nothing is removed, if `authorization` is not
// theirs: so a mistaken state file removes nothing.
absl::Status RemoveAnchor(Context& context, const Session& session, const AnchorState& state,
                          const SecretBytes& authorization, const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::tpm2
