#include "recovery/store/sealed/period_ring.h"

#include <algorithm>
#include <mutex>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr size_t kBucketKeySize = 32;

}  // namespace

absl::StatusOr<PeriodRing::Held> PeriodRing::Use(const hsm::PeriodKeyId& id) const {
  LABREC_ASSIGN_OR_RETURN(SecretBytes secret, device_.Use(id));
  return Held{id, std::move(secret)};
}

absl::Status PeriodRing::Load() {
  LABREC_ASSIGN_OR_RETURN(const std::vector<hsm::PeriodKeyId> ids, device_.List());
  std::vector<Held> held;
  for (const hsm::PeriodKeyId& id : ids) {
    LABREC_ASSIGN_OR_RETURN(Held key, Use(id));
    held.push_back(std::move(key));
  }
  const std::unique_lock lock(mutex_);
  held_ = std::move(held);
  return absl::OkStatus();
}

absl::Status PeriodRing::MakeNext(int64_t now_ms) {
  const uint64_t number = current() ? current()->number + 1 : 1;
  LABREC_ASSIGN_OR_RETURN(const hsm::PeriodKeyId id, device_.Make(number, static_cast<uint64_t>(now_ms)));
  LABREC_ASSIGN_OR_RETURN(Held key, Use(id));
  const std::unique_lock lock(mutex_);
  held_.push_back(std::move(key));
  return absl::OkStatus();
}

absl::Status PeriodRing::DestroyEarlier() {
  const std::optional<hsm::PeriodKeyId> newest = current();
  if (!newest) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::vector<hsm::PeriodKeyId> there, device_.List());
  for (const hsm::PeriodKeyId& id : there) {
    if (id < *newest) LABREC_RETURN_IF_ERROR(device_.Destroy(id));
  }
  const std::unique_lock lock(mutex_);
  std::erase_if(held_, [&](const Held& key) { return key.id < *newest; });
  return absl::OkStatus();
}

std::optional<hsm::PeriodKeyId> PeriodRing::current() const {
  const std::shared_lock lock(mutex_);
  return held_.empty() ? std::nullopt : std::optional(held_.back().id);
}

std::vector<hsm::PeriodKeyId> PeriodRing::ids() const {
  const std::shared_lock lock(mutex_);
  std::vector<hsm::PeriodKeyId> ids;
  for (const Held& key : held_) ids.push_back(key.id);
  return ids;
}

absl::StatusOr<SecretBytes> PeriodRing::BucketKey(const SealedUnder& under, uint32_t bucket) const {
  const std::shared_lock lock(mutex_);
  const auto found = std::ranges::find_if(
      held_, [&](const Held& key) { return key.id.number == under.number && key.id.nonce == under.nonce; });
  if (found == held_.end()) {
    return absl::DataLossError(absl::StrCat(
        "it is sealed under period key ", under.number,
        ", which the device does not hold: that was destroyed since, as 'labyrinth-admin store rotate' and "
        "[store] rotate_days do, or this is another device. Nobody reads it any more"));
  }
  Writer info;
  info.Lp("labyrinth-recovery/v1/bucket-keys").U32(bucket);
  return HkdfExpand(found->secret.view(), info.bytes(), kBucketKeySize);
}

}  // namespace labrec::recovery
