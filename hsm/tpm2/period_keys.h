#pragma once

#include <atomic>
#include <functional>

#include "hsm/period_keys.h"
#include "hsm/tpm2/realm/connection.h"
#include "hsm/tpm2/realm/period_index.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Each is an NV index (realm/period_index.h), made and removed by the owner hierarchy's authorisation: where
// the TPM has one, the device's address has to name it (owner-auth).
class TpmPeriodKeys final : public PeriodKeys {
 public:
  TpmPeriodKeys(Connection& connection, Bytes realm_id)
      : connection_(connection), realm_id_(std::move(realm_id)) {}

  absl::StatusOr<std::vector<PeriodKeyId>> List() override;
  absl::StatusOr<PeriodKeyId> Make(uint64_t number, uint64_t made_at_ms) override;
  absl::StatusOr<SecretBytes> Use(const PeriodKeyId& id) override;
  absl::Status Destroy(const PeriodKeyId& id) override;
  uint64_t writes() const override { return writes_; }

 private:
  absl::Status MakeIn(LoadedRealm& realm, const PeriodKeyId& id, const SecretBytes& secret);

  Connection& connection_;
  const Bytes realm_id_;
  std::atomic<uint64_t> writes_ = 0;
};

}  // namespace labrec::hsm::tpm2
