#include "recovery/engine/call/registration_keys.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRandomBytes = 8;  // of an id; the rest is its tag
constexpr size_t kKeyBytes = 32;

// Which registration it is.
struct Scope {
  const RecordName& name;
  uint32_t version = 0;
  uint64_t deletion = 0;  // the record's latest, 0 if none is remembered
  ByteView random;
};

Bytes DerivationInput(std::string_view label, const Scope& scope) {
  Writer writer;
  writer.Lp(label).Lp(scope.name.tenant).Lp(scope.name.account).Lp(scope.name.record);
  writer.U32(scope.version).U64(scope.deletion).Raw(scope.random);
  return std::move(writer).Take();
}

RegistrationKeys::Begun DeriveBegun(const SecretBytes& key, const Scope& scope) {
  RegistrationKeys::Begun begun;
  const SecretBytes nonce = HmacSha256(key.view(), DerivationInput("nonce", scope));
  std::ranges::copy(nonce.view(), begun.nonce.begin());
  const SecretBytes tag = HmacSha256(key.view(), DerivationInput("id", scope));
  std::ranges::copy(scope.random, begun.id.begin());
  std::ranges::copy(tag.view().first(begun.id.size() - kRandomBytes), begun.id.begin() + kRandomBytes);
  return begun;
}

}  // namespace

RegistrationKeys::Begun RegistrationKeys::Begin(const RecordName& name, uint32_t version, Time now) {
  const SecretBytes random = SecretBytes::Random(kRandomBytes);
  const std::lock_guard lock(mutex_);
  Replace(now);
  const Deletion* deleted = FindDeletion(name);
  const bool marked = deleted != nullptr && IsInForce(*deleted);
  return DeriveBegun(keys_[0], {name, version, marked ? deleted->number : 0, random.view()});
}

std::optional<Nonce> RegistrationKeys::Find(const RecordName& name, uint32_t version,
                                            const RegistrationId& id, Time now) {
  const ByteView random = ByteView(id).first(kRandomBytes);
  const std::lock_guard lock(mutex_);
  Replace(now);
  const Deletion* deleted = FindDeletion(name);
  std::vector<uint64_t> deletions;
  if (deleted != nullptr) deletions.push_back(deleted->number);
  if (deleted == nullptr || !IsInForce(*deleted)) deletions.push_back(0);
  for (const SecretBytes& key : keys_) {
    if (key.view().empty()) continue;
    for (const uint64_t deletion : deletions) {
      const Begun begun = DeriveBegun(key, {name, version, deletion, random});
      if (SameBytes(begun.id, id)) return begun.nonce;
    }
  }
  return std::nullopt;
}

void RegistrationKeys::RecordDeleted(const RecordName& name, Time now) {
  const std::lock_guard lock(mutex_);
  Replace(now);
  deleted_.insert_or_assign(RecordRowKey(name), Deletion{++deletions_, period_});
}

const RegistrationKeys::Deletion* RegistrationKeys::FindDeletion(const RecordName& name) const {
  const auto found = deleted_.find(RecordRowKey(name));
  return found == deleted_.end() ? nullptr : &found->second;
}

// While a key is good that was there before: new ids differ from those that the deletion ended. Later they
// need not, and those that do are good for one lifetime more.
bool RegistrationKeys::IsInForce(const Deletion& deletion) const {
  return period_ <= deletion.period + 1;
}

void RegistrationKeys::Replace(Time now) {
  const int64_t period = now.time_since_epoch() / kLifetime;
  if (!keys_[0].view().empty() && period == period_) return;
  keys_[1] = period == period_ + 1 ? std::move(keys_[0]) : SecretBytes();
  keys_[0] = SecretBytes::Random(kKeyBytes);
  period_ = period;
  std::erase_if(deleted_, [period](const auto& each) { return each.second.period + 2 < period; });
}

}  // namespace labrec::recovery
