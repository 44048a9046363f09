#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/context.h"

// A private header: it brings the TSS with it. What TPM2_GetCapability (part 3, section 30.2) tells.
namespace labrec::hsm::tpm2 {

// All handles from `first` on, of its kind (the first byte).
absl::StatusOr<std::vector<uint32_t>> HandlesFrom(Context& context, uint32_t first);

// TPM_PT properties, fixed or variable; 0 where the TPM does not know the property.
absl::StatusOr<uint32_t> Property(Context& context, uint32_t property);

absl::StatusOr<bool> HasCommand(Context& context, uint32_t command_code);
absl::StatusOr<bool> HasCurve(Context& context, uint16_t curve);

// Flushes all transient objects and all sessions, for a TPM that has no resource manager and no other user:
// what is loaded there is what a killed predecessor of ours left. Does nothing behind a resource manager.
absl::Status FlushWhatIsLeft(Context& context);
// The same, but for these saved sessions (of an earlier connection of this process). Returns those of them
// that are still there; none behind a resource manager, and none after a reset.
absl::StatusOr<std::vector<uint32_t>> FlushAllBut(Context& context, const std::vector<uint32_t>& saved);

}  // namespace labrec::hsm::tpm2
