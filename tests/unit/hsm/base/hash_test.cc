#include "hsm/base/hash.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "tests/unit/vector_file.h"

namespace labrec {
namespace {

// FIPS 180-4's examples.
TEST(Hash, Sha256) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256(ByteView())), Hex(Sha256("")));
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha256FromManyThreads) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& count : wrong) {
    threads.emplace_back([&count] {
      for (int i = 0; i < 2000; ++i) {
        const std::string text(static_cast<size_t>(i % 130), 'x');
        count += Sha256(text) != Sha256(text + std::string()) ? 1 : 0;
        count += Hex(Sha256("abc")).starts_with("ba7816bf") ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(Hash, HmacSha256) {
  EXPECT_EQ(Hex(HmacSha256(Bytes(20, 0x0b), AsBytes("Hi There")).view()),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256(AsBytes("Jefe"), AsBytes("what do ya want for nothing?")).view()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      Hex(HmacSha256(Bytes(131, 0xaa), AsBytes("Test Using Larger Than Block-Size Key - Hash Key First"))
              .view()),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Hex(HmacSha256({}, {}).view()),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hash, HkdfRfc5869) {
  const VectorFile file = VectorFile::Load("rfc5869_hkdf_sha256.txt");
  ASSERT_EQ(file.vectors.size(), 3U);
  for (const auto& vector : file.vectors) {
    const Bytes info = Unhex(vector.at("info"));
    const std::string& okm = vector.at("okm");
    EXPECT_EQ(Hex(Hkdf(Unhex(vector.at("ikm")), Unhex(vector.at("salt")), info, okm.size() / 2).view()), okm);
    EXPECT_EQ(Hex(HkdfExpand(Unhex(vector.at("prk")), info, okm.size() / 2).view()), okm);
  }
}

TEST(Hash, HkdfEmptySaltIsZeros) {
  EXPECT_TRUE(Hkdf(AsBytes("key"), {}, AsBytes("info"), 32)
                  .Equals(Hkdf(AsBytes("key"), Bytes(32), AsBytes("info"), 32).view()));
}

// A longer output begins with the shorter one, and any info up to a canonical string of a few names fits.
TEST(Hash, HkdfSizes) {
  const SecretBytes longest = Hkdf(AsBytes("key"), {}, AsBytes("info"), 8160);
  EXPECT_TRUE(Hkdf(AsBytes("key"), {}, AsBytes("info"), 31).Equals(longest.view().first(31)));
  const Bytes info(200000, 'i');
  EXPECT_EQ(Hkdf(AsBytes("key"), {}, info, 64).size(), 64U);
  EXPECT_EQ(Hkdf({}, {}, {}, 32).size(), 32U);
}

TEST(HashDeathTest, HkdfRefusesTooMuch) {
  EXPECT_DEATH(Hkdf(AsBytes("key"), {}, {}, 8161), "");
  EXPECT_DEATH(HkdfExpand(Bytes(31), {}, 32), "");
}

}  // namespace
}  // namespace labrec
