#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/simulation/chip_anchor.h"

namespace labrec::sim {
namespace {

using Key = Chip::RatchetKey;

class RatchetAnchor final : public hsm::FreshnessAnchor {
 public:
  RatchetAnchor(Chip& chip, Bus& bus) : chip_(chip), bus_(bus) {}

  absl::Status Claim() override {
    claim_.reset();
    uint64_t mine = 0;
    LABREC_RETURN_IF_ERROR(bus_.Command("make claim", Bus::Kind::kWrites, [&] {
      mine = chip_.dice.Next();
      chip_.claims.push_back(mine);
      return absl::OkStatus();
    }));
    LABREC_ASSIGN_OR_RETURN(const std::vector<uint64_t> claims, Claims());
    for (const uint64_t other : claims) {
      if (other == mine) continue;
      LABREC_RETURN_IF_ERROR(bus_.Command("destroy claim", Bus::Kind::kWrites, [&] {
        std::erase(chip_.claims, other);
        return absl::OkStatus();
      }));
    }
    LABREC_RETURN_IF_ERROR(CheckClaim(mine));
    claim_ = mine;
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> CurrentEpoch() override {
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    return view.current.epoch;
  }

  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    LABREC_RETURN_IF_ERROR(RequireClaim());
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    if (view.current.epoch == UINT64_MAX || epoch != view.current.epoch + 1) {
      return absl::FailedPreconditionError(absl::StrCat("the model is at epoch ", view.current.epoch));
    }
    if (view.next) LABREC_RETURN_IF_ERROR(Destroy(*view.next));
    Key made;
    LABREC_RETURN_IF_ERROR(bus_.Command("make key", Bus::Kind::kWrites, [&] {
      made = {epoch, chip_.dice.Next(), view.current.nonce, Bytes(32)};
      chip_.dice.Fill(made.secret);
      chip_.ratchet.push_back(made);
      return absl::OkStatus();
    }));
    expected_ = made;
    if (absl::Status claimed = RequireClaim(); absl::IsDataLoss(claimed)) {
      Destroy(made).IgnoreError();
      return claimed;
    }
    return Mac(made, epoch, digest);
  }

  absl::Status Commit(uint64_t epoch) override {
    LABREC_RETURN_IF_ERROR(RequireClaim());
    LABREC_ASSIGN_OR_RETURN(View view, Look());
    if (epoch != view.current.epoch && (epoch == 0 || epoch - 1 != view.current.epoch)) {
      return absl::DataLossError(absl::StrCat("the model is at epoch ", view.current.epoch));
    }
    if (epoch == view.current.epoch) return RequireOurs(view.current);
    if (!view.next) return absl::FailedPreconditionError("the model has no key of that epoch");
    LABREC_RETURN_IF_ERROR(RequireOurs(*view.next));
    LABREC_RETURN_IF_ERROR(Destroy(view.current));
    ++commits_;
    LABREC_RETURN_IF_ERROR(RequireClaim());
    LABREC_ASSIGN_OR_RETURN(view, Look());
    if (view.current.epoch != epoch) return absl::UnavailableError("the former key is still there");
    return RequireOurs(view.current);
  }

  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    using hsm::Freshness;
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    const uint64_t current = view.current.epoch;
    if (epoch < current) return hsm::FreshnessReport{Freshness::kStale, current};
    if (epoch - current > 1) return hsm::FreshnessReport{Freshness::kUnknown, current};
    const bool ahead = epoch != current;
    if (ahead && !view.next) return hsm::FreshnessReport{Freshness::kForged, current};
    const Key& key = ahead ? *view.next : view.current;
    LABREC_ASSIGN_OR_RETURN(const Bytes mac, Mac(key, epoch, digest));
    if (!SameBytes(mac, evidence)) return hsm::FreshnessReport{Freshness::kForged, current};
    if (ahead) expected_ = key;
    return hsm::FreshnessReport{ahead ? Freshness::kOneAhead : Freshness::kFresh, current};
  }

  hsm::AnchorWear wear() const override { return {"pkcs11-key-ratchet", commits_}; }

 private:
  struct View {
    Key current;
    std::optional<Key> next;
  };

  absl::StatusOr<View> Look() {
    std::vector<Key> keys;
    LABREC_RETURN_IF_ERROR(bus_.Command("find keys", Bus::Kind::kReads, [&] {
      keys = chip_.ratchet;
      return absl::OkStatus();
    }));
    std::ranges::sort(keys, {}, &Key::epoch);
    if (keys.empty()) return absl::FailedPreconditionError("the model has no key of the anchor");
    const bool follows =
        keys.size() == 1 || (keys[1].epoch == keys[0].epoch + 1 && keys[1].parent_nonce == keys[0].nonce);
    if (keys.size() > 2 || !follows) return absl::DataLossError("the keys of the model's anchor are spoilt");
    View view{keys[0], std::nullopt};
    if (keys.size() == 2) view.next = keys[1];
    if (view.current.epoch < floor_) return absl::DataLossError("a key was brought back");
    floor_ = view.current.epoch;
    return view;
  }

  absl::StatusOr<std::vector<uint64_t>> Claims() {
    std::vector<uint64_t> claims;
    LABREC_RETURN_IF_ERROR(bus_.Command("find claims", Bus::Kind::kReads, [&] {
      claims = chip_.claims;
      return absl::OkStatus();
    }));
    return claims;
  }

  absl::Status CheckClaim(uint64_t mine) {
    LABREC_ASSIGN_OR_RETURN(const std::vector<uint64_t> claims, Claims());
    if (claims.empty()) return absl::FailedPreconditionError("the claim is gone from the model");
    if (claims.size() == 1 && claims[0] == mine) return absl::OkStatus();
    return absl::DataLossError("another process took over the model's anchor");
  }
  absl::Status RequireClaim() {
    if (!claim_) return absl::FailedPreconditionError("the model's anchor is not claimed");
    return CheckClaim(*claim_);
  }
  absl::Status RequireOurs(const Key& key) const {
    if (!expected_ || expected_->epoch != key.epoch || expected_->nonce == key.nonce) return absl::OkStatus();
    return absl::DataLossError("another process prepared a state of its own");
  }

  // Destroys it and looks whether it is gone.
  absl::Status Destroy(const Key& key) {
    LABREC_RETURN_IF_ERROR(bus_.Command("destroy key", Bus::Kind::kWrites, [&] {
      std::erase_if(chip_.ratchet, [&](const Key& other) { return other.nonce == key.nonce; });
      return absl::OkStatus();
    }));
    bool gone = false;
    LABREC_RETURN_IF_ERROR(bus_.Command("find keys", Bus::Kind::kReads, [&] {
      gone = std::ranges::none_of(chip_.ratchet, [&](const Key& other) { return other.nonce == key.nonce; });
      return absl::OkStatus();
    }));
    return gone ? absl::OkStatus()
                : absl::UnavailableError("the model says that it destroyed a key, and has it still");
  }

  absl::StatusOr<Bytes> Mac(const Key& key, uint64_t epoch, const Digest& digest) {
    Bytes mac;
    LABREC_RETURN_IF_ERROR(bus_.Command("mac", Bus::Kind::kReads, [&]() -> absl::Status {
      const bool there =
          std::ranges::any_of(chip_.ratchet, [&](const Key& other) { return other.nonce == key.nonce; });
      if (!there) return absl::UnavailableError("the key is no longer on the model");
      mac = ToBytes(HmacSha256(key.secret, AnchorMessage(epoch, digest)).view());
      return absl::OkStatus();
    }));
    return mac;
  }

  Chip& chip_;
  Bus& bus_;
  std::optional<uint64_t> claim_;
  std::optional<Key> expected_;
  uint64_t floor_ = 0;
  std::atomic<uint64_t> commits_ = 0;
};

}  // namespace

std::unique_ptr<hsm::FreshnessAnchor> MakeRatchetAnchor(Chip& chip, Bus& bus) {
  return std::make_unique<RatchetAnchor>(chip, bus);
}

}  // namespace labrec::sim
