#include "recovery/engine/call/registration_keys.h"

#include <algorithm>
#include <utility>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRandomBytes = 8;  // of an id; the rest is its tag
constexpr size_t kKeyBytes = 32;

Bytes ScopeOf(std::string_view label, const RecordName& name, uint32_t version, ByteView random) {
  return std::move(
             Writer().Lp(label).Lp(name.tenant).Lp(name.account).Lp(name.record).U32(version).Raw(random))
      .Take();
}

RegistrationKeys::Begun Derive(const SecretBytes& key, const RecordName& name, uint32_t version,
                               ByteView random) {
  RegistrationKeys::Begun begun;
  const SecretBytes nonce = HmacSha256(key.view(), ScopeOf("nonce", name, version, random));
  std::ranges::copy(nonce.view(), begun.nonce.begin());
  const SecretBytes tag = HmacSha256(key.view(), ScopeOf("id", name, version, random));
  std::ranges::copy(random, begun.id.begin());
  std::ranges::copy(tag.view().first(begun.id.size() - kRandomBytes), begun.id.begin() + kRandomBytes);
  return begun;
}

}  // namespace

RegistrationKeys::Begun RegistrationKeys::Begin(const RecordName& name, uint32_t version, Time now) {
  const SecretBytes random = SecretBytes::Random(kRandomBytes);
  const std::lock_guard lock(mutex_);
  Replace(now);
  return Derive(keys_[0], name, version, random.view());
}

std::optional<Nonce> RegistrationKeys::Find(const RecordName& name, uint32_t version,
                                            const RegistrationId& id, Time now) {
  const ByteView random = ByteView(id).first(kRandomBytes);
  const std::lock_guard lock(mutex_);
  Replace(now);
  for (const SecretBytes& key : keys_) {
    if (key.view().empty()) continue;
    const Begun begun = Derive(key, name, version, random);
    if (SameBytes(begun.id, id)) return begun.nonce;
  }
  return std::nullopt;
}

void RegistrationKeys::Replace(Time now) {
  const int64_t period = now.time_since_epoch() / kLifetime;
  if (!keys_[0].view().empty() && period == period_) return;
  keys_[1] = period == period_ + 1 ? std::move(keys_[0]) : SecretBytes();
  keys_[0] = SecretBytes::Random(kKeyBytes);
  period_ = period;
}

}  // namespace labrec::recovery
