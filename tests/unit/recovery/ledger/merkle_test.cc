#include "recovery/ledger/merkle.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

Digest Filled(uint8_t value) {
  Digest digest;
  digest.fill(value);
  return digest;
}

Digest Node(const Digest& left, const Digest& right) {
  return Sha256(Writer().U8(1).Raw(left).Raw(right).bytes());
}

// The definition, recursively; independent of the heap in MerkleTree.
Digest RootOf(const std::vector<Digest>& leaves) {
  if (leaves.size() == 1) return leaves[0];
  const auto middle = leaves.begin() + static_cast<ptrdiff_t>(leaves.size() / 2);
  return Node(RootOf({leaves.begin(), middle}), RootOf({middle, leaves.end()}));
}

TEST(Merkle, OneBucketIsItsOwnRoot) {
  MerkleTree tree(0);
  EXPECT_EQ(tree.root(), Digest{});
  const MerkleUpdate update = tree.Plan({{0, Filled(7)}});
  EXPECT_EQ(update.root, Filled(7));
  EXPECT_EQ(tree.root(), Digest{}) << "planning changes nothing";
  tree.Apply(update);
  EXPECT_EQ(tree.root(), Filled(7));
}

TEST(Merkle, FourBucketsByHand) {
  MerkleTree tree(2);
  tree.Apply(tree.Plan({{0, Filled(1)}, {3, Filled(4)}}));
  EXPECT_EQ(tree.root(), Node(Node(Filled(1), Digest{}), Node(Digest{}, Filled(4))));
  EXPECT_EQ(tree.leaf(3), Filled(4));
  EXPECT_EQ(tree.leaf(1), Digest{});
}

TEST(Merkle, EmptyTreesOfAllSizes) {
  for (uint32_t exponent = 0; exponent <= 12; ++exponent) {
    const std::vector<Digest> leaves(size_t{1} << exponent);
    EXPECT_EQ(MerkleTree(exponent).root(), RootOf(leaves)) << exponent;
    EXPECT_EQ(MerkleTree(exponent, leaves).root(), RootOf(leaves)) << exponent;
  }
}

TEST(Merkle, AnEmptyPlanKeepsTheRoot) {
  MerkleTree tree(4);
  tree.Apply(tree.Plan({{9, Filled(1)}}));
  const Digest before = tree.root();
  EXPECT_EQ(tree.Plan({}).root, before);
  tree.Apply(tree.Plan({}));
  EXPECT_EQ(tree.root(), before);
}

class MerkleRandom : public testing::TestWithParam<uint32_t> {};

TEST_P(MerkleRandom, BatchesAgreeWithTheDefinition) {
  const uint32_t exponent = GetParam();
  std::mt19937 random(exponent + 1);
  MerkleTree tree(exponent);
  std::vector<Digest> leaves(size_t{1} << exponent);
  for (int batch = 0; batch < 60; ++batch) {
    std::map<uint32_t, Digest> distinct;
    const size_t size = random() % (leaves.size() + 1);
    while (distinct.size() < size) {
      distinct[static_cast<uint32_t>(random() % leaves.size())] = Sha256(Writer().U64(random()).bytes());
    }
    std::vector<LeafChange> changes;
    for (const auto& [bucket, digest] : distinct) {
      changes.insert(changes.begin(), {bucket, digest});  // not in order
      leaves[bucket] = digest;
    }
    const MerkleUpdate update = tree.Plan(changes);
    tree.Apply(update);
    ASSERT_EQ(tree.root(), RootOf(leaves)) << "batch " << batch;
    ASSERT_EQ(update.root, tree.root());
    ASSERT_EQ(MerkleTree(exponent, leaves).root(), tree.root());
  }
}
INSTANTIATE_TEST_SUITE_P(Exponents, MerkleRandom, testing::Values(0U, 1U, 2U, 3U, 5U, 7U));

TEST(Merkle, EveryLeafMovesTheRoot) {
  const MerkleTree tree(5);
  for (uint32_t bucket = 0; bucket < tree.bucket_count(); ++bucket) {
    EXPECT_NE(tree.Plan({{bucket, Filled(1)}}).root, tree.root()) << bucket;
  }
}

TEST(Merkle, APlanHashesEachNodeOnce) {
  const MerkleTree tree(16);
  EXPECT_EQ(tree.Plan({{5, Filled(1)}}).nodes.size(), 17U);
  EXPECT_EQ(tree.Plan({{4, Filled(1)}, {5, Filled(1)}}).nodes.size(), 18U);
}

TEST(MerkleDeathTest, RefusesTreesBeyondTheLargest) {
  EXPECT_DEATH(MerkleTree(kMaxBucketExponent + 1), "");
  EXPECT_DEATH(MerkleTree(2, std::vector<Digest>(3)), "");
}

}  // namespace
}  // namespace labrec::recovery
