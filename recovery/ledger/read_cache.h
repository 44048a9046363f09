#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "recovery/ledger/bucket.h"

namespace labrec::recovery {

// Values by name, each good under one digest only. What was not asked for while `most_bytes` of others came
// is forgotten: there are two generations, and when the young one is full, the old one goes. One thread.
template <typename Name, typename Value>
class AgingMap {
 public:
  using Ptr = std::shared_ptr<const Value>;
  explicit AgingMap(size_t most_bytes) : most_bytes_(most_bytes) {}

  // The value that was put under this name and this digest; null if there is none.
  Ptr Find(const Name& name, const Digest& digest) {
    if (const auto young = young_.find(name); young != young_.end()) return young->second.ValueFor(digest);
    const auto old = old_.find(name);
    if (old == old_.end()) return nullptr;
    const Ptr value = old->second.ValueFor(digest);
    if (value != nullptr) Put(name, digest, value, old->second.bytes);
    return value;
  }
  void Put(const Name& name, const Digest& digest, Ptr value, size_t bytes) {
    Erase(name);
    if (bytes > most_bytes_) return;
    if (young_bytes_ + bytes > most_bytes_) {
      old_ = std::exchange(young_, {});
      young_bytes_ = 0;
    }
    young_.emplace(name, Entry{digest, std::move(value), bytes});
    young_bytes_ += bytes;
  }
  void Erase(const Name& name) {
    old_.erase(name);
    const auto young = young_.find(name);
    if (young == young_.end()) return;
    young_bytes_ -= young->second.bytes;
    young_.erase(young);
  }

 private:
  struct Entry {
    Digest digest{};
    Ptr value;
    size_t bytes = 0;
    Ptr ValueFor(const Digest& wanted) const { return digest == wanted ? value : nullptr; }
  };

  const size_t most_bytes_;
  std::map<Name, Entry> young_, old_;  // no name is in both
  size_t young_bytes_ = 0;
};

// Directories and rows that were checked or written, in memory: a recovery looks at its row five times within
// seconds. Whoever asks says by its digest what he wants, so nothing that was replaced is ever found, and
// whoever writes a row forgets what it held before. At most twice its size. Threads: any.
class ReadCache {
 public:
  struct Size {
    size_t directory_bytes = size_t{2} << 20;
    size_t row_bytes = size_t{4} << 20;
  };
  explicit ReadCache(Size size) : directories_(size.directory_bytes), rows_(size.row_bytes) {}
  using Directory = std::shared_ptr<const BucketDirectory>;
  using Row = std::shared_ptr<const Bytes>;

  // Null if it is not here.
  Directory FindDirectory(uint32_t bucket, const Digest& digest);
  Row FindRow(const Digest& key, const Digest& content);

  void PutDirectory(uint32_t bucket, const Digest& digest, Directory directory);
  void PutRow(const Digest& key, const Digest& content, Bytes row);
  void ForgetRow(const Digest& key);

 private:
  std::mutex mutex_;
  AgingMap<uint32_t, BucketDirectory> directories_;
  AgingMap<Digest, Bytes> rows_;  // by row key
};

}  // namespace labrec::recovery
