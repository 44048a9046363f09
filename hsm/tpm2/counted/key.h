#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/p256.h"
#include "hsm/counted_key.h"
#include "hsm/tpm2/counted/room.h"
#include "hsm/tpm2/link/policy_session.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it. The record's evaluation key, which lives wrapped in a
// CountedKey.
namespace labrec::hsm::tpm2 {

// Makes the key whose every use costs a use of the index at this handle under `unlock_key`, defined or not
// (TPM2_Create): a CountedKey with all its fields.
absl::StatusOr<CountedKey> CreateCountedKey(LoadedRealm& realm, uint32_t index,
                                            const EcdsaPublicKey& unlock_key);

// Loads it into one of the room's two slots; the other is free again. FAILED_PRECONDITION if it is no such
// key, or not of this TPM.
absl::StatusOr<TransientObject> LoadCountedKey(LoadedRealm& realm, const KeyRoom& room, const CountedKey& key,
                                               const EcdsaPublicKey& unlock_key);

// k * element (TPM2_ECDH_ZGen, part 3, section 14.5), authorised by `policy`.
absl::StatusOr<P256Point> MultiplyByPolicy(LoadedRealm& realm, const TransientObject& key,
                                           const PolicySession& policy, const P256Point& element);

}  // namespace labrec::hsm::tpm2
