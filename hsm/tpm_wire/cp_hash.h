#pragma once

#include <cstdint>
#include <initializer_list>

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"

namespace labrec::tpm {

// TPMS_NV_PIN_COUNTER_PARAMETERS (Part 2, section 13.3), what a PIN index holds.
struct PinCounter {
  uint32_t count = 0;
  uint32_t limit = 0;
  bool operator==(const PinCounter&) const = default;
};
// count || limit, eight bytes.
Bytes Marshal(const PinCounter& counter);

// cpHash = SHA-256(commandCode || Names of the handles || parameters) (Part 1, section 16.7).
Digest CpHash(uint32_t command, std::initializer_list<ByteView> names, ByteView parameters);

// Whether a counting index was ever written.
enum class Written { kNo, kYes };

// What one TPM2_NV_Write puts into a counting index, and where.
struct IndexWriteData {
  uint16_t offset = 0;
  Bytes bytes;
};
// The first write sets count 0 and the limit. Every later one writes the limit alone: the count only grows,
// so that a write which was kept and made late, or twice, grants nothing that it did not grant when it was
// signed.
IndexWriteData DataOf(Written before, uint32_t limit);

// cpHash of TPM2_NV_Write of this to the index, authorised by the index itself (Part 3, section 31.7): both
// handles are the index. `index_name` is the Name before this write.
Digest IndexWriteCpHash(ByteView index_name, const IndexWriteData& data);

// The longest nonceTPM: a TPM2B_NONCE is as long as the session's hash.
inline constexpr size_t kLongestNonceTpm = 32;

// The expiration of a client's authorisation to write, as TPM2_PolicySigned takes it: seconds from the start
// of the policy session on, by the TPM's own time. A session that was kept back is worth nothing afterwards,
// nor after a reset of the TPM (docs/adr/writes-expire.md). Whoever calls TPM2_PolicySigned gives this
// number. A negative number would make a ticket, and 0 would never expire.
inline constexpr int32_t kWriteExpirationSeconds = 120;

// What TPM2_PolicySigned hashes to aHash (Part 3, section 23.3.1) with that expiration and no policyRef:
// nonceTPM || I2OSP(expiration, 4) || cpHash. ECDSA with SHA-256 over these bytes is the authorisation.
Bytes SignedAuthorization(ByteView nonce_tpm, const Digest& cp_hash);

}  // namespace labrec::tpm
