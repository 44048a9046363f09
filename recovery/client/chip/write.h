#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

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

// Has the chip write count 0 and `limit` into the version's index, and believes it only by the chip's own
// statement of what the index holds then, over a fresh nonce. Signs once, for just this write in just one
// session: a realm that says that it lost the answer gets the same signature again, and no second one. The
// signature expires (tpm::kWriteExpirationSeconds). `proven` gets a line.
//
// DATA_LOSS (Unproven) if the realm does not prove the write; errors of Call: it may have been made.
Task<> WriteCounter(Scope& scope, Account& account, size_t realm, const ChipVersion& version,
                    tpm::Written before, uint32_t limit, attestation::Report& proven);

// What statements about this version must carry.
Digest ChipNonce(const Account& account, size_t realm, const std::string& record, uint32_t version,
                 ByteView nonce);

}  // namespace labrec::recovery::client::core
