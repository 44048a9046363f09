#pragma once

#include "absl/status/status.h"

#include "hsm/base/ecdsa.h"
#include "hsm/counted_key.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/link/policy_session.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// One write of a counting index: its first (count 0 and this limit), or of the limit alone.
struct LimitWrite {
  CountingIndex& index;  // is `written` afterwards
  const EcdsaPublicKey& unlock_key;
  uint32_t limit = 0;
};

// PERMISSION_DENIED if r || s is not the unlock key's over this write in the session with this nonce, as
// tpm::SignIndexWrite makes it. In software: it costs the TPM nothing.
absl::Status CheckWriteSignature(const LimitWrite& write, ByteView nonce_tpm, ByteView signature);

// TPM2_PolicySigned, TPM2_PolicyCommandCode, TPM2_NV_Write, and reads the index back. One transient slot.
// DATA_LOSS if it does not hold the limit that was written.
absl::StatusOr<UseCount> WriteLimit(LoadedRealm& realm, const LimitWrite& write, PolicySession policy,
                                    ByteView nonce_tpm, ByteView signature);

}  // namespace labrec::hsm::tpm2
