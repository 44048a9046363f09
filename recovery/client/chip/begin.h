#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/core/signer.h"

namespace labrec::recovery::client::core {

// A version that a realm's chip is to count for. Borrows.
struct ChipBeginning {
  const std::string& record;
  uint32_t version = 0;
  uint32_t guess_limit = 0;
  const EcdsaPrivateKey& unlock_key;
  const SecretBytes& input;  // of the oblivious evaluation
  const ChipTrust& trust;
  const Signer& signer;
};

// What a realm's chip holds for the version now, all of it verified.
struct BegunInChip {
  Bytes registration_id;
  SecretBytes rho;  // the PIN's evaluation by the certified key
  uint32_t index = 0;
  Bytes ak_name;
  attestation::Report report;  // what was proven, in the order of the checks
};

// Steps 1 to 9 of docs/attestation.md at one realm: attestation key, index and key, a first write that grants
// two evaluations, these two, which show that the certified key makes them, and the write of the guess limit.
// Nothing that the PIN protects is with the realm yet. DATA_LOSS (Unproven) if anything is not proven;
// errors of Call: begin again.
Task<BegunInChip> BeginInChip(Scope& scope, Account& account, size_t realm, const ChipBeginning& beginning);

}  // namespace labrec::recovery::client::core
