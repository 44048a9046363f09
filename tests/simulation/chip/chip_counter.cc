#include <chrono>
#include <mutex>
#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tests/simulation/chip/chip_anchor.h"

namespace labrec::sim {
namespace {

using std::chrono::steady_clock;

constexpr size_t kClaimBytes = 16;
constexpr std::chrono::minutes kWatch{1};

class CounterAnchor final : public hsm::FreshnessAnchor {
 public:
  CounterAnchor(Chip& chip, Bus& bus) : chip_(chip), bus_(bus) {}

  absl::Status Claim() override {
    const std::lock_guard lock(mutex_);
    Bytes mine(kClaimBytes);
    LABREC_RETURN_IF_ERROR(bus_.Command("random", Bus::Kind::kReads, [&] {
      chip_.dice.Fill(mine);
      return absl::OkStatus();
    }));
    claim_.clear();
    seen_.reset();
    LABREC_RETURN_IF_ERROR(bus_.Command("write claim", Bus::Kind::kWrites, [&] {
      chip_.claim = mine;
      return absl::OkStatus();
    }));
    ++writes_;
    claim_ = mine;
    claimed_at_ = steady_clock::now();
    const absl::Status held = LookAtClaim();
    if (!held.ok()) claim_.clear();
    return held;
  }

  absl::Status CheckClaim() override {
    const std::lock_guard lock(mutex_);
    return LookAtClaim();
  }

  absl::StatusOr<uint64_t> CurrentEpoch() override {
    uint64_t epoch = 0;
    LABREC_RETURN_IF_ERROR(bus_.Command("read counter", Bus::Kind::kReads, [&] {
      epoch = chip_.counter;
      return absl::OkStatus();
    }));
    return epoch;
  }

  // Looks as a TPM's anchor does: counter and claim before the first one, then nothing.
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    const std::lock_guard lock(mutex_);
    if (!seen_) LABREC_RETURN_IF_ERROR(Look());
    if (epoch == 0 || epoch - 1 != *seen_) {
      return absl::FailedPreconditionError(
          absl::StrCat("the model is at epoch ", *seen_, ", not at ", epoch, " - 1"));
    }
    return Evidence(epoch, digest);
  }

  absl::Status Commit(uint64_t epoch) override {
    const std::lock_guard lock(mutex_);
    const bool unseen = committed_ && seen_ && epoch != 0 && epoch - 1 == *seen_ &&
                        steady_clock::now() - claimed_at_ >= kWatch;
    seen_.reset();
    LABREC_RETURN_IF_ERROR(LookAtClaim());
    LABREC_RETURN_IF_ERROR(MoveTo(epoch, unseen));
    LABREC_RETURN_IF_ERROR(LookAtClaim());
    seen_ = epoch;
    committed_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    const std::lock_guard lock(mutex_);
    LABREC_ASSIGN_OR_RETURN(const uint64_t current, CurrentEpoch());
    LABREC_ASSIGN_OR_RETURN(const Bytes expected, Evidence(epoch, digest));
    const bool attested = SameBytes(expected, evidence);
    return hsm::FreshnessReport{attested ? Compare(epoch, current) : hsm::Freshness::kForged, current,
                                attested};
  }

  hsm::AnchorWear wear() const override {
    const std::lock_guard lock(mutex_);
    return {"tpm-nv-counter", writes_};
  }

 private:
  static hsm::Freshness Compare(uint64_t epoch, uint64_t current) {
    if (epoch == current) return hsm::Freshness::kFresh;
    if (epoch < current) return hsm::Freshness::kStale;
    return epoch - current == 1 ? hsm::Freshness::kOneAhead : hsm::Freshness::kUnknown;
  }

  absl::Status LookAtClaim() {
    if (claim_.empty()) return absl::FailedPreconditionError("the model's anchor is not claimed");
    Bytes found;
    LABREC_RETURN_IF_ERROR(bus_.Command("read claim", Bus::Kind::kReads, [&] {
      found = chip_.claim;
      return absl::OkStatus();
    }));
    if (found == claim_) return absl::OkStatus();
    seen_.reset();
    return absl::DataLossError("another process claimed the model's anchor");
  }

  absl::Status Look() {
    LABREC_ASSIGN_OR_RETURN(const uint64_t current, CurrentEpoch());
    LABREC_RETURN_IF_ERROR(LookAtClaim());
    seen_ = current;
    committed_ = false;
    return absl::OkStatus();
  }

  absl::Status MoveTo(uint64_t epoch, bool unseen) {
    if (!unseen) {
      LABREC_ASSIGN_OR_RETURN(const uint64_t before, CurrentEpoch());
      if (before == epoch) return absl::OkStatus();
      if (epoch == 0 || before != epoch - 1) return SomebodyElse(before);
    }
    LABREC_RETURN_IF_ERROR(bus_.Command("increment", Bus::Kind::kWrites, [&] {
      ++chip_.counter;
      return absl::OkStatus();
    }));
    ++writes_;
    LABREC_ASSIGN_OR_RETURN(const uint64_t after, CurrentEpoch());
    return after == epoch ? absl::OkStatus() : SomebodyElse(after);
  }

  static absl::Status SomebodyElse(uint64_t found) {
    return absl::DataLossError(absl::StrCat("the model's counter is at ", found, ": somebody else uses it"));
  }

  absl::StatusOr<Bytes> Evidence(uint64_t epoch, const Digest& digest) {
    Bytes evidence;
    LABREC_RETURN_IF_ERROR(bus_.Command("mac", Bus::Kind::kReads, [&] {
      evidence = ToBytes(HmacSha256(chip_.mac_key, AnchorMessage(epoch, digest)).view());
      return absl::OkStatus();
    }));
    return evidence;
  }

  Chip& chip_;
  Bus& bus_;
  mutable std::mutex mutex_;
  Bytes claim_;
  steady_clock::time_point claimed_at_;
  std::optional<uint64_t> seen_;  // the epoch at which the device was found, with the claim there after it
  bool committed_ = false;        // by this object's own commit
  uint64_t writes_ = 0;
};

}  // namespace

Bytes AnchorMessage(uint64_t epoch, const Digest& digest) {
  return std::move(Writer().Lp("labyrinth-recovery/simulation/anchor").U64(epoch).Raw(digest)).Take();
}

std::unique_ptr<hsm::FreshnessAnchor> MakeCounterAnchor(Chip& chip, Bus& bus) {
  return std::make_unique<CounterAnchor>(chip, bus);
}

}  // namespace labrec::sim
