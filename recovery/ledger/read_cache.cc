#include "recovery/ledger/read_cache.h"

namespace labrec::recovery {
namespace {

constexpr size_t kEntryBytes = 192;  // of a map, around a value

}  // namespace

ReadCache::Directory ReadCache::FindDirectory(uint32_t bucket, const Digest& digest) {
  const std::lock_guard lock(mutex_);
  return directories_.Find(bucket, digest);
}

ReadCache::Row ReadCache::FindRow(const Digest& key, const Digest& content) {
  const std::lock_guard lock(mutex_);
  return rows_.Find(key, content);
}

void ReadCache::PutDirectory(uint32_t bucket, const Digest& digest, Directory directory) {
  const size_t bytes = kEntryBytes + directory->entries().size() * BucketDirectory::kEntrySize;
  const std::lock_guard lock(mutex_);
  directories_.Put(bucket, digest, std::move(directory), bytes);
}

void ReadCache::PutRow(const Digest& key, const Digest& content, Bytes row) {
  const size_t bytes = kEntryBytes + row.size();
  const std::lock_guard lock(mutex_);
  rows_.Put(key, content, std::make_shared<const Bytes>(std::move(row)), bytes);
}

void ReadCache::ForgetRow(const Digest& key) {
  const std::lock_guard lock(mutex_);
  rows_.Erase(key);
}

}  // namespace labrec::recovery
