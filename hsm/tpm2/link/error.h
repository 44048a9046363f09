#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace labrec::hsm::tpm2 {

// What a response code means for the connection and for what we have loaded in the TPM.
enum class Damage {
  kNone,         // the command was refused; all that was loaded is still usable
  kObjectsLost,  // keys or session are no longer what we loaded: the TPM was reset, or somebody flushed them.
                 // The command was not executed
  kBroken,       // no connection, or no trust in it. Whether the command was executed is not known
};

// The status of a TSS2_RC (`rc`, here without its header) that `operation`, as "TPM2_NV_Increment", returned.
// Its message has the operation, the name and number of the code, and what to do. OK for 0.
// TPM 2.0 part 2, section 6.6 (response codes); TSS 2.0 overview, section 3.1 (layers).
absl::Status TpmStatus(std::string_view operation, uint32_t rc);

Damage DamageOf(uint32_t rc);

// The response code without layer and without the number of the handle, session or parameter it is about:
// 0x98E and 0x18E (TPM_RC_AUTH_FAIL of session 1, of handle 1) both give 0x08E.
uint32_t BaseCode(uint32_t rc);

}  // namespace labrec::hsm::tpm2
