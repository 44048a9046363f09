#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/attest/attestation_keys.h"
#include "hsm/tpm2/link/handle.h"
#include "hsm/tpm2/link/saved_object.h"
#include "hsm/tpm2/link/session.h"
#include "hsm/tpm2/realm/anchor_indices.h"
#include "hsm/tpm2/realm/pcr_authorization.h"
#include "hsm/tpm2/realm/state.h"
#include "hsm/tpm2/realm/storage_key.h"
#include "hsm/tpm2/realm/write_sessions.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A realm's keys in a TPM, for as long as one connection lasts: one session slot (two, if the
// keys are bound to PCRs) and one or two transient slots. A TPM has three of each: what is left is for
// objects that come and go.
struct LoadedRealm {
  std::unique_ptr<Context> context;  // first: it outlives the handles
  uint64_t number = 0;               // how many times the connection had been lost when this one was made
  std::optional<Session> session;
  TransientObject evaluation_key;  // empty without the role `keys`
  TransientObject hmac_key;
  std::optional<PcrAuthorization> pcr_authorization;  // how both keys are used where they are bound to PCRs
  std::optional<AnchorIndices> anchor;                // with the role `anchor`
  SecretBytes period_auth;                            // of period keys, likewise

  // For keys that come and go (counted/room.h).
  StorageKeyState storage_key;
  std::optional<SavedObject> saved_storage_key;  // empty if it is persistent
  SecretBytes evaluation_auth;
  std::optional<SavedObject> saved_evaluation_key;  // made when it is first wanted

  // For keys that the TPM counts (counted_keys.h).
  SecretBytes owner_authorization;  // of the owner hierarchy
  std::optional<WriteSessions> write_sessions;
  AttestationKeys attestation_keys;
};

// Connects, flushes what a killed predecessor left (FlushAllBut what was `saved_writes` by the connection
// before), checks the storage key against its
// pinned Name, loads the keys under it, releases it, checks the counter against its pinned Name, and uses
// each once: k*G must be the pinned public key. UNAVAILABLE: no TPM; FAILED_PRECONDITION: another TPM, or
// keys or counter are gone, or no approval in `pcr_approvals` fits the PCRs that the keys are bound to;
// PERMISSION_DENIED: wrong authorisation.
absl::StatusOr<std::unique_ptr<LoadedRealm>> LoadRealm(const std::string& tcti, const RealmState& state,
                                                       const SecretBytes& authorization,
                                                       const std::filesystem::path& pcr_approvals,
                                                       const std::vector<SavedWrite>& saved_writes = {});

}  // namespace labrec::hsm::tpm2
