#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it. The realm's keys, used as they must be: by the realm's
// session, or, where they are bound to PCRs, by LoadedRealm::pcr_authorization.
namespace labrec::hsm::tpm2 {

// k * element (Multiply of hsm/tpm2/link/commands.h).
absl::StatusOr<P256Point> UseEvaluationKey(LoadedRealm& realm, const P256Point& element);

// HMAC-SHA-256 (Hmac of hsm/tpm2/link/commands.h).
absl::StatusOr<SecretBytes> UseHmacKey(LoadedRealm& realm, ByteView message);

}  // namespace labrec::hsm::tpm2
