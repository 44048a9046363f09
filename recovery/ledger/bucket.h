#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {

// Which rows a bucket has, and what each holds. docs/formats.md, "Directory".
// Threads: as a std::vector.
class BucketDirectory {
 public:
  struct Entry {
    Digest key{};
    Digest content{};  // SHA-256 of the row's content
    bool operator==(const Entry&) const = default;
  };
  static constexpr size_t kEntrySize = 64;

  // INVALID_ARGUMENT unless `bytes` are whole entries in strictly ascending order of their keys.
  static absl::StatusOr<BucketDirectory> Parse(ByteView bytes);

  const std::vector<Entry>& entries() const { return entries_; }
  std::optional<Digest> Find(const Digest& key) const;
  // True if the key is new.
  bool Set(const Digest& key, const Digest& content);
  // True if the key was there.
  bool Remove(const Digest& key);
  Bytes Serialize() const;

 private:
  std::vector<Entry> entries_;  // ascending by key
};

// SHA-256(LP("labyrinth-recovery/v1/bucket") || U32(bucket) || directory); 32 zero bytes for an empty
// directory.
Digest BucketDigest(uint32_t bucket, ByteView directory);

// The bucket of an account among 2^exponent: the leading bits of its hash, as a number.
uint32_t BucketOfHash(const Digest& account_hash, uint32_t exponent);

}  // namespace labrec::recovery
