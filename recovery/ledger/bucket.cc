#include "recovery/ledger/bucket.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

bool KeyLess(const BucketDirectory::Entry& entry, const Digest& key) {
  return entry.key < key;
}

Digest ToDigest(ByteView bytes) {
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace

absl::StatusOr<BucketDirectory> BucketDirectory::Parse(ByteView bytes) {
  if (bytes.size() % kEntrySize != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bucket directory of ", bytes.size(), " bytes is not a whole number of entries"));
  }
  BucketDirectory directory;
  directory.entries_.reserve(bytes.size() / kEntrySize);
  for (size_t at = 0; at < bytes.size(); at += kEntrySize) {
    Entry entry{ToDigest(bytes.subspan(at, 32)), ToDigest(bytes.subspan(at + 32, 32))};
    if (!directory.entries_.empty() && !(directory.entries_.back().key < entry.key)) {
      return absl::InvalidArgumentError("a bucket directory's keys are not in strictly ascending order");
    }
    directory.entries_.push_back(entry);
  }
  return directory;
}

std::optional<Digest> BucketDirectory::Find(const Digest& key) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, KeyLess);
  if (at == entries_.end() || at->key != key) return std::nullopt;
  return at->content;
}

bool BucketDirectory::Set(const Digest& key, const Digest& content) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, KeyLess);
  if (at != entries_.end() && at->key == key) {
    at->content = content;
    return false;
  }
  entries_.insert(at, Entry{key, content});
  return true;
}

bool BucketDirectory::Remove(const Digest& key) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, KeyLess);
  if (at == entries_.end() || at->key != key) return false;
  entries_.erase(at);
  return true;
}

Bytes BucketDirectory::Serialize() const {
  Bytes bytes;
  bytes.reserve(entries_.size() * kEntrySize);
  for (const Entry& entry : entries_) {
    bytes.insert(bytes.end(), entry.key.begin(), entry.key.end());
    bytes.insert(bytes.end(), entry.content.begin(), entry.content.end());
  }
  return bytes;
}

Digest BucketDigest(uint32_t bucket, ByteView directory) {
  if (directory.empty()) return Digest{};
  return Sha256(Writer().Lp("labyrinth-recovery/v1/bucket").U32(bucket).Raw(directory).bytes());
}

uint32_t BucketOfHash(const Digest& account_hash, uint32_t exponent) {
  const uint32_t head = Reader(account_hash).U32();
  return exponent == 0 ? 0 : head >> (32 - exponent);
}

}  // namespace labrec::recovery
