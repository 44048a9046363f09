#pragma once

#include "hsm/evaluation_key.h"
#include "hsm/tpm2/realm/connection.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// TPM2_ECDH_ZGen gives the whole point: one command for each element.
class TpmEvaluationKey final : public EvaluationKey {
 public:
  TpmEvaluationKey(Connection& connection, const P256Point& public_key)
      : connection_(connection), public_key_(public_key) {}
  const P256Point& public_key() const override { return public_key_; }
  absl::StatusOr<std::vector<P256Point>> Evaluate(std::span<const P256Point> elements) override;
  size_t preferred_batch() const override { return 1; }

 private:
  Connection& connection_;
  P256Point public_key_;
};

}  // namespace labrec::hsm::tpm2
