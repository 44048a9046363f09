#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "hsm/base/hash.h"

namespace labrec::recovery {

// Whom a verified token names.
struct TokenHolder {
  std::string tenant;
  std::string account;
  int64_t expires_at_ms = 0;  // Unix milliseconds
  // SHA-256 thumbprint (RFC 7638) of the device key that the tenant vouches for: "cnf" with "jkt".
  std::optional<Digest> device_key = std::nullopt;
};

// Tokens whose signature was checked, by SHA-256 of the token, so that it is checked once and not per
// request. The oldest entry leaves when `capacity` is reached. Threads: any.
class TokenCache {
 public:
  explicit TokenCache(size_t capacity) : capacity_(capacity) {}

  struct Entry {
    TokenHolder holder;
    uint64_t generation = 0;  // of its tenant's keys, as it was put; good with no other
  };
  // The token's entry, if it has not expired.
  std::optional<Entry> Find(const Digest& token, int64_t now_ms) const;
  void Put(const Digest& token, TokenHolder holder, uint64_t generation);
  size_t size() const;

 private:
  struct Hash {
    size_t operator()(const Digest& digest) const;
  };

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Entry, Hash> entries_;
  std::deque<Digest> order_;  // by age
};

}  // namespace labrec::recovery
