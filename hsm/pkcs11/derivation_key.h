#pragma once

#include "hsm/derivation_key.h"
#include "hsm/pkcs11/token/connection.h"

namespace labrec::hsm::pkcs11 {

// CKM_SHA256_HMAC with a generic secret made on the token.
class Pkcs11DerivationKey : public DerivationKey {
 public:
  explicit Pkcs11DerivationKey(Connection& connection) : connection_(connection) {}
  absl::StatusOr<SecretBytes> Derive(ByteView message) override;

 private:
  Connection& connection_;
};

// The first 16 bytes of the HMAC over DerivationCheckMessage: tells this key from another.
absl::StatusOr<Bytes> DerivationCheck(const Session& session, TokenObject key, ByteView realm_id);

}  // namespace labrec::hsm::pkcs11
