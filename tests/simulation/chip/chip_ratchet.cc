#include <algorithm>
#include <atomic>
#include <ranges>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/simulation/chip/chip_anchor.h"

namespace labrec::sim {
namespace {

using Key = Chip::RatchetKey;

constexpr size_t kMostAbandoned = 4;

class RatchetAnchor final : public hsm::FreshnessAnchor {
 public:
  RatchetAnchor(Chip& chip, Bus& bus) : chip_(chip), bus_(bus) {}

  absl::Status Claim() override {
    claim_.reset();
    prepared_ = false;
    found_.reset();
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
    LABREC_RETURN_IF_ERROR(RequireOnly(mine));
    claim_ = mine;
    return absl::OkStatus();
  }

  absl::Status CheckClaim() override { return RequireClaim(); }

  absl::StatusOr<uint64_t> CurrentEpoch() override {
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    return view.epoch();
  }

  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    LABREC_RETURN_IF_ERROR(RequireClaim());
    if (view.epoch() == UINT64_MAX || epoch != view.epoch() + 1) {
      return absl::FailedPreconditionError(absl::StrCat("the model is at epoch ", view.epoch()));
    }
    std::vector<Key> abandoned = view.next;
    std::erase_if(abandoned, [this](const Key& key) { return found_ && found_->nonce == key.nonce; });
    if (abandoned.size() >= kMostAbandoned) {
      LABREC_RETURN_IF_ERROR(Destroy(abandoned.back()));
      abandoned.pop_back();
    }
    LABREC_ASSIGN_OR_RETURN(const Key made, Make(epoch, view.nonce()));
    for (const Key& key : abandoned) LABREC_RETURN_IF_ERROR(Destroy(key));
    return Mac(made, epoch, digest);
  }

  absl::Status Commit(uint64_t epoch) override {
    LABREC_ASSIGN_OR_RETURN(View view, Look());
    LABREC_RETURN_IF_ERROR(RequireClaim());
    const bool done = epoch == view.epoch() && view.current.has_value();
    if (!done && (epoch == 0 || epoch - 1 != view.epoch())) {
      return absl::DataLossError(absl::StrCat("the model is at epoch ", view.epoch()));
    }
    if (done) return RequireOurs(*view.current);
    LABREC_RETURN_IF_ERROR(RequireOursAmong(view.next, epoch));
    for (const Key& key : view.next) {
      if (key.nonce != ours_->nonce) LABREC_RETURN_IF_ERROR(Destroy(key));
    }
    if (view.current) LABREC_RETURN_IF_ERROR(Destroy(*view.current));
    ++commits_;
    LABREC_RETURN_IF_ERROR(RequireClaim());
    LABREC_ASSIGN_OR_RETURN(view, Look());
    if (view.epoch() != epoch) return absl::UnavailableError("another key is still there");
    found_.reset();
    return RequireOurs(*view.current);
  }

  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    using hsm::Freshness;
    LABREC_ASSIGN_OR_RETURN(const View view, Look());
    const uint64_t current = view.epoch();
    const uint64_t oldest = view.current ? current : current + 1;
    if (epoch < oldest) return hsm::FreshnessReport{Freshness::kStale, oldest};
    if (epoch - current > 1) return hsm::FreshnessReport{Freshness::kUnknown, current};
    const bool ahead = epoch != current;
    for (const Key& key : ahead ? view.next : std::vector<Key>{*view.current}) {
      LABREC_ASSIGN_OR_RETURN(const Bytes mac, Mac(key, epoch, digest));
      if (!SameBytes(mac, evidence)) continue;
      if (ahead) found_ = key;
      return hsm::FreshnessReport{ahead ? Freshness::kOneAhead : Freshness::kFresh, current, true};
    }
    return hsm::FreshnessReport{Freshness::kForged, current};
  }

  hsm::AnchorWear wear() const override { return {"pkcs11-key-ratchet", commits_}; }

 private:
  struct View {
    std::optional<Key> current;
    std::vector<Key> next;

    uint64_t epoch() const { return current ? current->epoch : next.front().epoch - 1; }
    uint64_t nonce() const { return current ? current->nonce : next.front().parent_nonce; }
  };

  static std::optional<View> Arrange(const std::vector<Key>& keys) {
    const Key& first = keys.front();
    const auto rest = std::ranges::subrange(keys.begin() + 1, keys.end());
    const bool children = std::ranges::all_of(rest, [&](const Key& key) {
      return key.epoch == first.epoch + 1 && key.parent_nonce == first.nonce;
    });
    if (children) return View{first, {rest.begin(), rest.end()}};
    const bool rivals = first.epoch > 0 && std::ranges::all_of(rest, [&](const Key& key) {
                          return key.epoch == first.epoch && key.parent_nonce == first.parent_nonce;
                        });
    return rivals ? std::optional(View{std::nullopt, keys}) : std::nullopt;
  }

  absl::StatusOr<View> Look() {
    std::vector<Key> keys;
    LABREC_RETURN_IF_ERROR(bus_.Command("find keys", Bus::Kind::kReads, [&] {
      keys = chip_.ratchet;
      return absl::OkStatus();
    }));
    std::ranges::sort(keys, {}, &Key::epoch);
    if (keys.empty()) return absl::DataLossError("the model has no key of the anchor");
    const std::optional<View> view = Arrange(keys);
    if (!view) return absl::DataLossError("the keys of the model's anchor are spoilt");
    if (view->epoch() < floor_) return absl::DataLossError("a key was made or brought back");
    floor_ = view->epoch();
    return *view;
  }

  absl::StatusOr<Key> Make(uint64_t epoch, uint64_t parent_nonce) {
    Key made;
    LABREC_RETURN_IF_ERROR(bus_.Command("make key", Bus::Kind::kWrites, [&] {
      made = {epoch, chip_.dice.Next(), parent_nonce, Bytes(32)};
      chip_.dice.Fill(made.secret);
      chip_.ratchet.push_back(made);
      return absl::OkStatus();
    }));
    ours_ = made;
    prepared_ = true;
    const absl::Status claimed = RequireClaim();
    if (claimed.ok()) return made;
    if (!absl::IsUnavailable(claimed)) Destroy(made).IgnoreError();
    return claimed;
  }

  absl::StatusOr<std::vector<uint64_t>> Claims() {
    std::vector<uint64_t> claims;
    LABREC_RETURN_IF_ERROR(bus_.Command("find claims", Bus::Kind::kReads, [&] {
      claims = chip_.claims;
      return absl::OkStatus();
    }));
    return claims;
  }

  absl::Status RequireOnly(uint64_t mine) {
    LABREC_ASSIGN_OR_RETURN(const std::vector<uint64_t> claims, Claims());
    if (claims.empty()) return absl::FailedPreconditionError("the claim is gone from the model");
    if (claims.size() == 1 && claims[0] == mine) return absl::OkStatus();
    return absl::DataLossError("another process took over the model's anchor");
  }
  absl::Status RequireClaim() {
    if (!claim_) return absl::FailedPreconditionError("the model's anchor is not claimed");
    return RequireOnly(*claim_);
  }
  absl::Status RequireOurs(const Key& key) const {
    if (!ours_ || ours_->epoch != key.epoch || ours_->nonce == key.nonce) return absl::OkStatus();
    return absl::DataLossError("another process prepared a state of its own");
  }
  absl::Status RequireOursAmong(const std::vector<Key>& keys, uint64_t epoch) const {
    if (!prepared_ || ours_->epoch != epoch) {
      return absl::FailedPreconditionError("this run did not prepare that epoch of the model");
    }
    const bool there = std::ranges::any_of(keys, [&](const Key& key) { return key.nonce == ours_->nonce; });
    return there ? absl::OkStatus() : absl::DataLossError("another process destroyed our key");
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
  std::optional<Key> ours_;   // what was prepared last
  bool prepared_ = false;     // since the claim
  std::optional<Key> found_;  // of the state found one ahead
  uint64_t floor_ = 0;
  std::atomic<uint64_t> commits_ = 0;
};

}  // namespace

std::unique_ptr<hsm::FreshnessAnchor> MakeRatchetAnchor(Chip& chip, Bus& bus) {
  return std::make_unique<RatchetAnchor>(chip, bus);
}

}  // namespace labrec::sim
