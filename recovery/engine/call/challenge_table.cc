#include "recovery/engine/call/challenge_table.h"

#include <algorithm>
#include <cstring>

#include "hsm/base/encoding.h"
#include "hsm/base/random_array.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

Digest HashOf(const ChallengeScope& scope) {
  return Sha256(Writer().Lp(scope.tenant).Lp(scope.account).Lp(scope.record).U32(scope.version).bytes());
}

}  // namespace

size_t ChallengeTable::ChallengeHash::operator()(const Challenge& challenge) const {
  size_t hash = 0;
  std::memcpy(&hash, challenge.data(), sizeof hash);
  return hash;
}

Challenge ChallengeTable::Issue(const ChallengeScope& scope, Time now) {
  const Challenge challenge = RandomArray<sizeof(Challenge)>();
  const Digest account = AccountHash(scope.tenant, scope.account);
  const std::lock_guard lock(mutex_);
  ForgetOld(now);
  while (issued_.size() >= limit_) ForgetOldest();
  MakeRoomForAccount(account);
  entries_.emplace(challenge, Entry{HashOf(scope), account, now + kLifetime});
  issued_.emplace_back(challenge, account);
  by_account_[account].push_back(challenge);
  return challenge;
}

bool ChallengeTable::Consume(const ChallengeScope& scope, ByteView challenge, Time now) {
  Challenge key;
  if (challenge.size() != key.size()) return false;
  std::ranges::copy(challenge, key.begin());
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  const Entry entry = found->second;
  entries_.erase(found);
  return entry.scope == HashOf(scope) && now < entry.expires;
}

size_t ChallengeTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void ChallengeTable::ForgetOld(Time now) {
  while (!issued_.empty()) {
    const auto oldest = entries_.find(issued_.front().first);
    if (oldest != entries_.end() && now < oldest->second.expires) return;
    ForgetOldest();
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
