#pragma once

#include <atomic>

#include "hsm/period_keys.h"
#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/token/connection.h"

namespace labrec::hsm::pkcs11 {

// Each is a non-extractable HMAC key on the token, and its secret the HMAC over one message. Its CKA_ID says
// which one it is, so a key that another process made under the same number is another object.
class TokenPeriodKeys final : public PeriodKeys {
 public:
  TokenPeriodKeys(Connection& connection, Scope scope) : connection_(connection), scope_(std::move(scope)) {}

  absl::StatusOr<std::vector<PeriodKeyId>> List() override;
  absl::StatusOr<PeriodKeyId> Make(uint64_t number, uint64_t made_at_ms) override;
  absl::StatusOr<SecretBytes> Use(const PeriodKeyId& id) override;
  absl::Status Destroy(const PeriodKeyId& id) override;
  uint64_t writes() const override { return writes_; }

 private:
  Connection& connection_;
  const Scope scope_;
  std::atomic<uint64_t> writes_ = 0;
};

}  // namespace labrec::hsm::pkcs11
