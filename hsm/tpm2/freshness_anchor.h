#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "hsm/freshness_anchor.h"
#include "hsm/tpm2/realm/connection.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A TPM_NT_COUNTER index holds the current epoch, an ordinary index the claim: 16 random bytes of whoever
// claimed last. Evidence is the device's HMAC over AnchorMessage. A counter that is undefined and defined
// again starts above every value any counter of the TPM ever had (part 1, section 37.2), so no epoch comes
// back.
//
// A commit is five commands: the MAC, the claim, the increment, the counter, the claim. docs/ledger.md, "A
// commit's commands", says what each is for.
class TpmFreshnessAnchor final : public FreshnessAnchor {
 public:
  // For how long after a claim Commit looks at the counter before it counts, always: so long may a command of
  // the run before be on its way.
  static constexpr std::chrono::minutes kWatch{1};
  TpmFreshnessAnchor(Connection& connection, Bytes realm_id,
                     std::chrono::steady_clock::duration watch = kWatch)
      : connection_(connection), realm_id_(std::move(realm_id)), watch_(watch) {}
  absl::Status Claim() override;
  absl::Status CheckClaim() override;
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override;
  AnchorWear wear() const override;

 private:
  absl::StatusOr<SecretBytes> Evidence(uint64_t epoch, const Digest& digest);
  // Where this object last saw the counter, with its claim there after it; and over which connection
  // (LoadedRealm::number), if it was its own commit that left the counter there.
  struct Seen {
    uint64_t epoch = 0;
    std::optional<uint64_t> committed_over;
  };
  absl::StatusOr<Seen> Look();
  // Over which connection `epoch` may be counted without a look at the counter; none: over no connection.
  std::optional<uint64_t> MayCountOver(uint64_t epoch) const;
  absl::Status MoveTo(uint64_t epoch, std::optional<uint64_t> unseen_over);
  absl::Status Count(LoadedRealm& realm, uint64_t epoch, std::optional<uint64_t> unseen_over);
  // CheckClaim, by who holds the mutex.
  absl::Status LookAtClaim();

  Connection& connection_;
  const Bytes realm_id_;
  const std::chrono::steady_clock::duration watch_;
  mutable std::mutex mutex_;  // of what follows; Connection guards the TPM
  Bytes claim_;               // empty: never claimed
  std::chrono::steady_clock::time_point claimed_at_;
  std::optional<uint64_t> counted_over_;  // the connection of the latest count; none if nothing was counted
  std::optional<Seen> seen_;              // none after a claim, and after a commit that did not say OK
  uint64_t writes_ = 0;
};

}  // namespace labrec::hsm::tpm2
