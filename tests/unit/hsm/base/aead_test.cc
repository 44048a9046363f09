#include "hsm/base/aead.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "hsm/base/encoding.h"
#include "tests/unit/vector_file.h"

namespace labrec {
namespace {

TEST(Aead, OpensTheSpecificationsCase) {
  const auto fields = VectorFile::Load("gcm_spec_case_16_aes256.txt").common;
  const Bytes sealed = Unhex(fields.at("nonce") + fields.at("ciphertext") + fields.at("tag"));
  const auto plaintext = AeadOpen(Unhex(fields.at("key")), sealed, Unhex(fields.at("associated_data")));
  ASSERT_TRUE(plaintext.ok()) << plaintext.status();
  EXPECT_EQ(Hex(plaintext->view()), fields.at("plaintext"));
}

TEST(Aead, SealedTextsComeBack) {
  const SecretBytes key = SecretBytes::Random(32);
  for (size_t size : {0, 1, 15, 16, 17, 1026, 100000}) {
    for (std::string_view context : {"", "context"}) {
      const SecretBytes plaintext = SecretBytes::Random(size);
      const Bytes sealed = AeadSeal(key.view(), plaintext.view(), AsBytes(context));
      EXPECT_EQ(sealed.size(), size + kAeadOverhead);
      const auto opened = AeadOpen(key.view(), sealed, AsBytes(context));
      ASSERT_TRUE(opened.ok()) << size << " " << opened.status();
      EXPECT_TRUE(opened->Equals(plaintext.view())) << size;
    }
  }
}

TEST(Aead, EveryFlippedBit) {
  const SecretBytes key = SecretBytes::Random(32);
  const Bytes sealed = AeadSeal(key.view(), AsBytes("a plaintext of some length"), AsBytes("context"));
  ERR_clear_error();
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes bad = sealed;
    bad[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_EQ(AeadOpen(key.view(), bad, AsBytes("context")).status().code(), absl::StatusCode::kDataLoss)
        << bit;
  }
  for (size_t bit = 0; bit < 256; ++bit) {
    SecretBytes bad = key.Clone();
    bad.data()[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(AeadOpen(bad.view(), sealed, AsBytes("context")).ok()) << bit;
  }
  EXPECT_FALSE(AeadOpen(key.view(), sealed, AsBytes("contexu")).ok());
  EXPECT_FALSE(AeadOpen(key.view(), sealed, {}).ok());
  EXPECT_TRUE(AeadOpen(key.view(), sealed, AsBytes("context")).ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Aead, EveryLength) {
  const SecretBytes key = SecretBytes::Random(32);
  const Bytes sealed = AeadSeal(key.view(), AsBytes("plaintext"), {});
  for (size_t size = 0; size <= sealed.size() + 4; ++size) {
    Bytes cut = sealed;
    cut.resize(size);
    EXPECT_EQ(AeadOpen(key.view(), cut, {}).ok(), size == sealed.size()) << size;
  }
}

TEST(Aead, TheCallersNonceStandsInFront) {
  const Bytes key(32, 1), nonce(kAeadNonceSize, 2), text(5, 3);
  const Bytes sealed = AeadSealWithNonce(key, nonce, text, {});
  EXPECT_EQ(ToBytes(ByteView(sealed).first(kAeadNonceSize)), nonce);
  EXPECT_EQ(sealed, AeadSealWithNonce(key, nonce, text, {}));
  EXPECT_TRUE(AeadOpen(key, sealed, {}).value().Equals(text));
}

TEST(Aead, NoncesDiffer) {
  const SecretBytes key = SecretBytes::Random(32);
  std::set<Bytes> nonces;
  for (int i = 0; i < 1000; ++i) {
    const Bytes sealed = AeadSeal(key.view(), AsBytes("x"), {});
    nonces.insert(Bytes(sealed.begin(), sealed.begin() + 12));
  }
  EXPECT_EQ(nonces.size(), 1000U);
}

TEST(AeadDeathTest, KeysHave32Bytes) {
  EXPECT_DEATH(AeadSeal(Bytes(16), {}, {}), "");
  EXPECT_DEATH((void)AeadOpen(Bytes(31), Bytes(40), {}), "");
}

}  // namespace
}  // namespace labrec
