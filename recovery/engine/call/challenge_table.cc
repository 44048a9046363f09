#include "recovery/engine/call/challenge_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "hsm/base/encoding.h"
#include "hsm/base/random_array.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

Digest HashOf(const ChallengeScope& scope) {
  return Sha256(Writer().Lp(scope.tenant).Lp(scope.account).Lp(scope.record).U32(scope.version).bytes());
}

// Nothing else uses a challenge as a key.
constexpr std::string_view kWrapInfo = "labyrinth-recovery/v1/kept seal key";
// Old challenges need not go one by one where nobody asks.
constexpr std::chrono::seconds kLag{1};
constexpr std::chrono::seconds kSweep{10};

SecretBytes PadOf(ByteView challenge) {
  return Hkdf(challenge, {}, AsBytes(kWrapInfo), sizeof(Digest));
}

void Wrap(const SecretBytes& seal_key, ByteView challenge, Digest& wrapped) {
  const SecretBytes pad = PadOf(challenge);
  for (size_t i = 0; i < wrapped.size(); ++i) wrapped[i] = seal_key.view()[i] ^ pad.view()[i];
}

SecretBytes Unwrap(const Digest& wrapped, ByteView challenge) {
  SecretBytes key = PadOf(challenge);
  for (size_t i = 0; i < wrapped.size(); ++i) key.mutable_view()[i] ^= wrapped[i];
  return key;
}

}  // namespace

size_t ChallengeTable::DigestHash::operator()(const Digest& digest) const {
  size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::shared_ptr<ChallengeTable::KeptKey> ChallengeTable::Expect(const VersionId& version) {
  auto key = std::make_shared<KeptKey>();
  key->version = version;
  const std::lock_guard lock(mutex_);
  by_version_[version].push_back(key);
  return key;
}

Challenge ChallengeTable::Issue(const ChallengeScope& scope, Time now) {
  const std::lock_guard lock(mutex_);
  return IssueLocked(scope, now, nullptr, SecretBytes());
}

Challenge ChallengeTable::Issue(const ChallengeScope& scope, Time now, std::shared_ptr<KeptKey> key,
                                const SecretBytes& seal_key) {
  const std::lock_guard lock(mutex_);
  return IssueLocked(scope, now, std::move(key), seal_key);
}

Challenge ChallengeTable::IssueLocked(const ChallengeScope& scope, Time now, std::shared_ptr<KeptKey> key,
                                      const SecretBytes& seal_key) {
  const Challenge challenge = RandomArray<sizeof(Challenge)>();
  const Digest name = Sha256(challenge);
  const Digest account = AccountHash(scope.tenant, scope.account);
  if (key != nullptr && !key->erased && seal_key.size() == key->wrapped.size()) {
    Wrap(seal_key, challenge, key->wrapped);
    key->kept = true;
  }
  ForgetOldLocked(now);
  while (issued_.size() >= limit_) ForgetOldest();
  MakeRoomForAccount(account);
  entries_.emplace(name, Entry{HashOf(scope), account, now + kLifetime, std::move(key)});
  issued_.emplace_back(name, account);
  by_account_[account].push_back(name);
  return challenge;
}

std::optional<ChallengeTable::Used> ChallengeTable::Consume(const ChallengeScope& scope, ByteView challenge,
                                                            Time now) {
  if (challenge.size() != sizeof(Challenge)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(Sha256(challenge));
  if (found == entries_.end()) return std::nullopt;
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  if (entry.scope != HashOf(scope) || now >= entry.expires) return std::nullopt;
  Used used;
  if (entry.key == nullptr || !entry.key->kept) return used;
  used.version = entry.key->version;
  used.seal_key = Unwrap(entry.key->wrapped, challenge);
  return used;
}

void ChallengeTable::EraseKeys(const std::vector<VersionId>& versions) {
  const std::lock_guard lock(mutex_);
  for (const VersionId& version : versions) {
    const auto keys = by_version_.find(version);
    if (keys == by_version_.end()) continue;
    for (const std::weak_ptr<KeptKey>& each : keys->second) {
      const std::shared_ptr<KeptKey> key = each.lock();
      if (key != nullptr) *key = KeptKey{version, true};
    }
    by_version_.erase(keys);
  }
}

void ChallengeTable::ForgetOld(Time now) {
  const std::lock_guard lock(mutex_);
  ForgetOldLocked(now);
}

std::optional<ChallengeTable::Time> ChallengeTable::NextForgetting(Time now) const {
  const std::lock_guard lock(mutex_);
  if (by_version_.empty()) return std::nullopt;
  if (issued_.empty()) return now + kLifetime;  // an evaluation is under way
  const auto oldest = entries_.find(issued_.front().first);
  return std::max(oldest == entries_.end() ? now : oldest->second.expires, now + kLag);
}

size_t ChallengeTable::kept_keys() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count_if(
      entries_, [](const auto& entry) { return entry.second.key != nullptr && entry.second.key->kept; }));
}

size_t ChallengeTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void ChallengeTable::ForgetOldLocked(Time now) {
  while (!issued_.empty()) {
    const auto oldest = entries_.find(issued_.front().first);
    if (oldest != entries_.end() && now < oldest->second.expires) break;
    ForgetOldest();
  }
  if (now < swept_ + kSweep) return;
  swept_ = now;
  for (auto keys = by_version_.begin(); keys != by_version_.end();) {
    std::erase_if(keys->second, [](const std::weak_ptr<KeptKey>& key) { return key.expired(); });
    keys = keys->second.empty() ? by_version_.erase(keys) : std::next(keys);
  }
}

void ChallengeTable::ForgetOldest() {
  const auto [challenge, account] = issued_.front();
  issued_.pop_front();
  entries_.erase(challenge);
  const auto own = by_account_.find(account);
  if (own == by_account_.end()) return;
  if (!own->second.empty() && own->second.front() == challenge) own->second.pop_front();
  if (own->second.empty()) by_account_.erase(own);
}

void ChallengeTable::MakeRoomForAccount(const Digest& account) {
  const auto own = by_account_.find(account);
  if (own == by_account_.end() || own->second.size() < kMostPerAccount) return;
  entries_.erase(own->second.front());
  own->second.pop_front();
}

}  // namespace labrec::recovery
