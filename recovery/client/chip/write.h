#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/ecdsa.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// A version that a realm's chip counts for, as its client knows it.
struct ChipVersion {
  std::string record;
  uint32_t version = 0;
  uint32_t index = 0;                           // handle of the NV index
  const EcdsaPrivateKey* unlock_key = nullptr;  // borrowed
  const tpm::TpmtPublic* ak = nullptr;          // borrowed; verified
};

// Decides on what the chip certifies that the index holds now. The limit to sign; an error: nothing is
// signed.
using LimitFor = std::function<absl::StatusOr<uint32_t>(const tpm::PinCounter& now)>;

// What the chip certified of an index before and after a write.
struct CounterWritten {
  tpm::PinCounter before;
  tpm::PinCounter after;
};

// The very first write of the version's index: count 0, and this limit. `proven` gets a line. Errors as
// below.
Task<> WriteFirst(Scope& scope, Account& account, size_t realm, const ChipVersion& version, uint32_t limit,
                  attestation::Report& proven);

// Sees by the chip's own statement over a fresh nonce what the index holds, has `limit_for` decide, and has
// the chip write that limit. The count stays, so that what is signed grants nothing beyond this limit,
// however late or often it is used. The write is believed only by another statement: just this limit, and a
// count that did not go back. Signs once, for just this write in just one session: a realm that says that it
// lost the answer gets the same signature again. The signature expires (tpm::kWriteExpirationSeconds).
//
// DATA_LOSS (Unproven) if the realm does not prove what the index holds; what `limit_for` refused with;
// errors of Call: it may have been made.
Task<CounterWritten> WriteLimit(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                                LimitFor limit_for);

// What statements about this version must carry.
Digest ChipNonce(const Account& account, size_t realm, const std::string& record, uint32_t version,
                 ByteView nonce);

}  // namespace labrec::recovery::client::core
