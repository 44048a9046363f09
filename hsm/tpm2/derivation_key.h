#pragma once

#include "hsm/derivation_key.h"
#include "hsm/tpm2/realm/connection.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// TPM2_HMAC. The anchor's evidence is made by the same key: a message that begins as evidence does is
// refused with INVALID_ARGUMENT, so that Derive can never be made to forge it.
class TpmDerivationKey final : public DerivationKey {
 public:
  explicit TpmDerivationKey(Connection& connection) : connection_(connection) {}
  absl::StatusOr<SecretBytes> Derive(ByteView message) override;

 private:
  Connection& connection_;
};

}  // namespace labrec::hsm::tpm2
