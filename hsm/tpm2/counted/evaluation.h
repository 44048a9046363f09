#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/p256.h"
#include "hsm/counted_key.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Loads the key, takes one use of its index, which holds `before`, sees in the index that it was taken, and
// only then multiplies.
// Never sends TPM2_PolicySecret twice. DATA_LOSS, and nothing is evaluated, if the count did not move by one:
// libtpms ignores a failed write of a count.
absl::StatusOr<CountedResult> EvaluateOnce(LoadedRealm& realm, const CountedKey& key,
                                           const EcdsaPublicKey& unlock_key, const UseCount& before,
                                           const P256Point& element);

}  // namespace labrec::hsm::tpm2
