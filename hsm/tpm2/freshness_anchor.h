#pragma once

#include <functional>
#include <mutex>

#include "hsm/freshness_anchor.h"
#include "hsm/tpm2/realm/connection.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A TPM_NT_COUNTER index holds the current epoch, an ordinary index the claim: 16 random bytes of whoever
// claimed last. Evidence is the device's HMAC over AnchorMessage. A counter that is undefined and defined
// again starts above every value any counter of the TPM ever had (part 1, section 37.2), so no epoch comes
// back.
class TpmFreshnessAnchor final : public FreshnessAnchor {
 public:
  TpmFreshnessAnchor(Connection& connection, Bytes realm_id)
      : connection_(connection), realm_id_(std::move(realm_id)) {}
  absl::Status Claim() override;
  absl::Status CheckClaim() override;
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override;
  AnchorWear wear() const override;

 private:
  absl::StatusOr<SecretBytes> Evidence(uint64_t epoch, const Digest& digest);
  absl::Status MoveTo(uint64_t epoch);
  absl::Status Increment();
  // CheckClaim, by who holds the mutex.
  absl::Status LookAtClaim();

  Connection& connection_;
  const Bytes realm_id_;
  mutable std::mutex mutex_;  // of what follows; Connection guards the TPM
  Bytes claim_;               // empty: never claimed
  uint64_t writes_ = 0;
};

}  // namespace labrec::hsm::tpm2
