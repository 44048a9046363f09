#include "hsm/tpm2/derivation_key.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/realm/anchor_message.h"
#include "hsm/tpm2/realm/key_use.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<SecretBytes> TpmDerivationKey::Derive(ByteView message) {
  if (IsAnchorMessage(message)) {
    return absl::InvalidArgumentError(
        "this message is the freshness anchor's to authenticate, not ours to derive");
  }
  SecretBytes derived;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(derived, UseHmacKey(realm, message));
    return absl::OkStatus();
  }));
  return derived;
}

}  // namespace labrec::hsm::tpm2
