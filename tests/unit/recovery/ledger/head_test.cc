#include "recovery/ledger/head.h"

#include <set>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

HeadRow Sample() {
  HeadRow head;
  head.epoch = 0x0102030405060708;
  head.root.fill(0x11);
  head.realm_id = Bytes(16, 0x22);
  head.bucket_exponent = 16;
  head.records = 1000;
  head.discontinuities = 3;
  head.evidence = Bytes(32, 0x33);
  return head;
}

// Computed apart, from docs/formats.md, with Python's hashlib.
TEST(HeadDigest, GoldenValue) {
  EXPECT_EQ(Hex(HeadDigest(Sample())), "5c60dbb6161d25400b7e6f8442cd396f5c3331b46096e157fd2af9eee2fb67c3");
}

TEST(HeadDigest, EveryFieldButTheEvidenceCounts) {
  std::set<Digest> digests = {HeadDigest(Sample())};
  auto changed = [&](auto change) {
    HeadRow head = Sample();
    change(head);
    return digests.insert(HeadDigest(head)).second;
  };
  EXPECT_TRUE(changed([](HeadRow& head) { head.epoch += 1; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.epoch ^= uint64_t{1} << 63; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.root[31] ^= 1; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.realm_id[0] ^= 1; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.realm_id.pop_back(); }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.bucket_exponent += 1; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.records += 1; }));
  EXPECT_TRUE(changed([](HeadRow& head) { head.discontinuities += 1; }));
  EXPECT_FALSE(changed([](HeadRow& head) { head.evidence[0] ^= 1; }));
}

}  // namespace
}  // namespace labrec::recovery
