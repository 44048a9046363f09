#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/link/session.h"

// A private header: it brings the TSS with it. NV indices of the owner hierarchy (part 3, section 31).
namespace labrec::hsm::tpm2 {

// The first index of the range that is not defined. RESOURCE_EXHAUSTED if there is none.
absl::StatusOr<uint32_t> FreeIndex(Context& context, IndexRange range);

// True if something is defined at `index`.
absl::StatusOr<bool> IsDefined(Context& context, uint32_t index);

// Defines an index (TPM2_NV_DefineSpace) that `auth_value` guards; it has no content yet.
absl::StatusOr<NvIndex> DefineIndex(Context& context, const Session& session, const TPM2B_NV_PUBLIC& area,
                                    const SecretBytes& auth_value, const SecretBytes& owner_authorization);

// What must be kept to know the index again: its number, and its Name, computed from what we asked for and
// not from what the bus says. To be called after the first write, which changes the Name.
absl::StatusOr<IndexState> DescribeIndex(Context& context, const NvIndex& handle, uint32_t index);

// FAILED_PRECONDITION if nothing is defined there, or something of another Name than the pinned one.
absl::StatusOr<NvIndex> OpenIndex(Context& context, const IndexState& state, const SecretBytes& auth_value);

// TPM2_NV_UndefineSpace: its content is gone for ever.
absl::Status RemoveIndex(Context& context, const Session& session, NvIndex index,
                         const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::tpm2
