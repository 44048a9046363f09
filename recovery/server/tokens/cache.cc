#include "recovery/server/tokens/cache.h"

#include <cstring>
#include <utility>

namespace labrec::recovery {

// A digest is uniform already.
size_t TokenCache::Hash::operator()(const Digest& digest) const {
  size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

std::optional<TokenCache::Entry> TokenCache::Find(const Digest& token, int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(token);
  if (found == entries_.end() || now_ms >= found->second.holder.expires_at_ms) return std::nullopt;
  return found->second;
}

void TokenCache::Put(const Digest& token, TokenHolder holder, uint64_t generation) {
  const std::lock_guard lock(mutex_);
  const bool added = entries_.insert_or_assign(token, Entry{std::move(holder), generation}).second;
  if (!added) return;
  order_.push_back(token);
  if (order_.size() <= capacity_) return;
  entries_.erase(order_.front());
  order_.pop_front();
}

size_t TokenCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace labrec::recovery
