#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hsm/base/hash.h"
#include "recovery/store/buckets.h"

namespace labrec::recovery {

// A bucket's new digest.
struct LeafChange {
  uint32_t bucket = 0;
  Digest digest{};
};

// The nodes of a tree that a set of leaf changes gives new values, worked out but not yet applied.
struct MerkleUpdate {
  std::vector<std::pair<size_t, Digest>> nodes;  // by heap index, leaves first
  Digest root{};
};

// A complete binary tree over 2^exponent bucket digests, all in memory: 64 bytes a bucket. A leaf is the
// bucket's digest itself (32 zero bytes for an empty bucket), an inner node SHA-256(0x01 || left || right),
// and a tree of one bucket has its leaf for a root. docs/formats.md, "Tree". Threads: as a std::vector.
class MerkleTree {
 public:
  // A tree of empty buckets. Aborts if exponent > kMaxBucketExponent.
  explicit MerkleTree(uint32_t exponent);
  // The tree over `leaves`, of which there are 2^exponent.
  MerkleTree(uint32_t exponent, const std::vector<Digest>& leaves);

  uint32_t bucket_count() const { return bucket_count_; }
  const Digest& leaf(uint32_t bucket) const { return nodes_[bucket_count_ + bucket]; }
  const Digest& root() const { return nodes_[1]; }

  // What `changes` (distinct buckets, each below bucket_count()) would make of the tree. Hashes every inner
  // node above them once.
  MerkleUpdate Plan(std::vector<LeafChange> changes) const;
  // Applies an update planned on exactly this tree.
  void Apply(const MerkleUpdate& update);

 private:
  uint32_t bucket_count_;
  std::vector<Digest> nodes_;  // a heap: root at 1, children of i at 2i and 2i + 1
};

}  // namespace labrec::recovery
