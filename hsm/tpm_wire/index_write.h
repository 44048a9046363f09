#pragma once

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/cp_hash.h"

namespace labrec::tpm {

// One write of a record's index that a client lets happen.
struct CountingIndexWrite {
  uint32_t index = 0;             // the index's handle
  Written before = Written::kNo;  // kNo for the first write, kYes for refill and retirement
  // Up to which the index may count: its count never goes back. 0 retires it.
  uint32_t limit = 0;
};

// The client's authorisation of just this write, in just the policy session with this nonceTPM: r || s over
// SignedAuthorization. The TPM executes it at most once: its nonces do not come again.
//
// INVALID_ARGUMENT, and nothing signed, if the nonce is shorter than 16 or longer than 32 bytes (without one
// the signature could be replayed after the index was undefined and defined again), or the handle is no NV
// index's.
absl::StatusOr<std::array<uint8_t, 64>> SignIndexWrite(const EcdsaPrivateKey& unlock_key,
                                                       const CountingIndexWrite& write, ByteView nonce_tpm);

}  // namespace labrec::tpm
