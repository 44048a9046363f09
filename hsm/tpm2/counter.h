#pragma once

#include "absl/status/statusor.h"

#include "hsm/tpm2/realm_state.h"
#include "hsm/tpm2/session.h"
#include "hsm/tpm2/tpm2_device.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// The first index of the range that is not defined. RESOURCE_EXHAUSTED if there is none.
absl::StatusOr<uint32_t> FreeIndex(Context& context, IndexRange range);

// Defines a counter there (TPM2_NV_DefineSpace) and increments it once, as a counter has no value before.
// On failure nothing stays defined, as far as the TPM still answers.
absl::StatusOr<CounterState> MakeCounter(Context& context, const Session& session, IndexRange range,
                                         const SecretBytes& authorization,
                                         const SecretBytes& owner_authorization);

// TPM2_NV_UndefineSpace. The counter's value is lost; a new one starts above it.
absl::Status RemoveCounter(Context& context, const Session& session, NvIndex counter,
                           const SecretBytes& owner_authorization);

}  // namespace labrec::hsm::tpm2
