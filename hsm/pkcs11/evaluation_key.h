#pragma once

#include "hsm/evaluation_key.h"
#include "hsm/pkcs11/token/connection.h"

namespace labrec::hsm::pkcs11 {

// k*B from CKM_ECDH1_DERIVE, which tells x alone; see sign_recovery.h.
class Pkcs11EvaluationKey : public EvaluationKey {
 public:
  Pkcs11EvaluationKey(Connection& connection, const P256Point& public_key)
      : connection_(connection), public_key_(public_key) {}

  const P256Point& public_key() const override { return public_key_; }
  absl::StatusOr<std::vector<P256Point>> Evaluate(std::span<const P256Point> elements) override;
  size_t preferred_batch() const override;

 private:
  Connection& connection_;
  const P256Point public_key_;
};

// Proves that `key` is the private key of `public_key`: a random multiple of G must come out right.
// FAILED_PRECONDITION: it is another key.
absl::Status ProveEvaluationKey(const Session& session, TokenObject key, const P256Point& public_key);

}  // namespace labrec::hsm::pkcs11
