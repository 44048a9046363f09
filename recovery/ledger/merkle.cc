#include "recovery/ledger/merkle.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace labrec::recovery {
namespace {

Digest Join(const Digest& left, const Digest& right) {
  std::array<uint8_t, 65> bytes;
  bytes[0] = 0x01;  // a bucket digest hashes a string that begins with 0x00, so no node passes for one
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 33);
  return Sha256(ByteView(bytes));
}

uint32_t Count(uint32_t exponent) {
  if (exponent > kMaxBucketExponent) std::abort();
  return uint32_t{1} << exponent;
}

using Nodes = std::vector<std::pair<size_t, Digest>>;

}  // namespace

MerkleTree::MerkleTree(uint32_t exponent)
    : bucket_count_(Count(exponent)), nodes_(size_t{2} * bucket_count_) {
  Digest level{};
  for (size_t first = bucket_count_ / 2; first >= 1; first /= 2) {
    level = Join(level, level);
    std::fill_n(nodes_.begin() + static_cast<ptrdiff_t>(first), first, level);
  }
}

MerkleTree::MerkleTree(uint32_t exponent, const std::vector<Digest>& leaves)
    : bucket_count_(Count(exponent)), nodes_(size_t{2} * bucket_count_) {
  if (leaves.size() != bucket_count_) std::abort();
  std::copy(leaves.begin(), leaves.end(), nodes_.begin() + bucket_count_);
  for (size_t i = bucket_count_ - 1; i >= 1; --i) nodes_[i] = Join(nodes_[2 * i], nodes_[2 * i + 1]);
}

MerkleUpdate MerkleTree::Plan(std::vector<LeafChange> changes) const {
  std::sort(changes.begin(), changes.end(),
            [](const LeafChange& a, const LeafChange& b) { return a.bucket < b.bucket; });
  Nodes nodes;
  for (const LeafChange& change : changes) {
    nodes.emplace_back(size_t{bucket_count_} + change.bucket, change.digest);
  }
  // Each level's changed nodes stand in ascending order, so two siblings are neighbours in the list.
  for (size_t begin = 0, end = nodes.size(); begin < end && nodes[begin].first > 1;) {
    for (size_t i = begin; i < end; ++i) {
      const size_t parent = nodes[i].first / 2;
      const bool with_sibling = i + 1 < end && nodes[i + 1].first / 2 == parent;
      const bool is_left = nodes[i].first % 2 == 0;
      const Digest left = is_left ? nodes[i].second : nodes_[2 * parent];
      const Digest right = with_sibling ? nodes[i + 1].second
                           : is_left    ? nodes_[2 * parent + 1]
                                        : nodes[i].second;
      nodes.emplace_back(parent, Join(left, right));
      if (with_sibling) ++i;
    }
    begin = end;
    end = nodes.size();
  }
  const Digest new_root = nodes.empty() ? root() : nodes.back().second;
  return {std::move(nodes), new_root};
}

void MerkleTree::Apply(const MerkleUpdate& update) {
  for (const auto& [index, digest] : update.nodes) nodes_[index] = digest;
}

}  // namespace labrec::recovery
