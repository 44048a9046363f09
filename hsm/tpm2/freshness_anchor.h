#pragma once

#include <mutex>
#include <optional>

#include "hsm/freshness_anchor.h"
#include "hsm/tpm2/link.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A TPM_NT_COUNTER index holds the current epoch; evidence is the device's HMAC over EvidenceMessage.
// A counter that is undefined and defined again starts above every value any counter of the TPM ever had
// (part 1, section 37.2), so no epoch comes back.
//
// Commit takes the counter for moved by itself only if it sent the increment: where this object prepared an
// epoch and finds the counter there without having counted, somebody else committed another state of that
// epoch, and Commit says DATA_LOSS.
class TpmFreshnessAnchor final : public FreshnessAnchor {
 public:
  TpmFreshnessAnchor(Link& link, Bytes realm_id) : link_(link), realm_id_(std::move(realm_id)) {}
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override;
  AnchorWear wear() const override;

 private:
  absl::StatusOr<SecretBytes> Evidence(uint64_t epoch, const Digest& digest);
  absl::Status Increment(uint64_t epoch);
  absl::Status AlreadyThere(uint64_t epoch) const;

  Link& link_;
  const Bytes realm_id_;
  mutable std::mutex mutex_;             // of what follows; Link guards the TPM
  std::optional<uint64_t> prepared_;     // last epoch that Prepare gave evidence for
  std::optional<uint64_t> incremented_;  // last epoch for which an increment may have been executed
  uint64_t commits_ = 0;
};

}  // namespace labrec::hsm::tpm2
