#include "hsm/base/ecdsa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "tests/unit/vector_file.h"

namespace labrec {
namespace {

constexpr char kGroupOrder[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr char kGroupOrderLessOne[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

Bytes Joined(ByteView r, ByteView s) {
  Bytes signature = ToBytes(r);
  signature.insert(signature.end(), s.begin(), s.end());
  return signature;
}

// RFC 6979, appendix A.2.5: the key pair and its signatures.
TEST(Ecdsa, Rfc6979) {
  const VectorFile file = VectorFile::Load("rfc6979_a2_5_ecdsa_p256_sha256.txt");
  const auto key = EcdsaPrivateKey::FromScalar(P256Scalar::Parse(Unhex(file.common.at("x"))).value());
  EXPECT_EQ(Hex(key.public_key().point().x()), file.common.at("ux"));
  EXPECT_EQ(Hex(key.public_key().point().y()), file.common.at("uy"));
  ASSERT_EQ(file.vectors.size(), 2U);
  for (const auto& vector : file.vectors) {
    const Bytes signature = Joined(Unhex(vector.at("r")), Unhex(vector.at("s")));
    EXPECT_TRUE(key.public_key().Verify(AsBytes(vector.at("msg")), signature));
    EXPECT_FALSE(key.public_key().Verify(AsBytes("another"), signature));
  }
}

TEST(Ecdsa, SignThenVerify) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey other = EcdsaPrivateKey::Generate();
  for (std::string_view message : {"", "message"}) {
    const auto signature = key.Sign(AsBytes(message));
    EXPECT_TRUE(key.public_key().Verify(AsBytes(message), signature));
    EXPECT_TRUE(key.Clone().public_key().Verify(AsBytes(message), signature));
    EXPECT_FALSE(other.public_key().Verify(AsBytes(message), signature));
    EXPECT_FALSE(key.public_key().Verify(AsBytes("messagf"), signature));
  }
}

TEST(Ecdsa, EveryFlippedBitAndLengthOfASignature) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const auto good = key.Sign(AsBytes("message"));
  for (size_t bit = 0; bit < 512; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(key.public_key().Verify(AsBytes("message"), bad)) << bit;
  }
  for (size_t size = 0; size <= 72; ++size) {
    Bytes cut(good.begin(), good.end());
    cut.resize(size);
    EXPECT_EQ(key.public_key().Verify(AsBytes("message"), cut), size == 64) << size;
  }
}

// The values that a careless verifier takes for any message (CVE-2022-21449): r or s 0, n, or above.
TEST(Ecdsa, OutOfRangeHalvesNeverVerify) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const auto good = key.Sign(AsBytes("message"));
  const ByteView r = ByteView(good).first(32);
  const ByteView s = ByteView(good).last(32);
  ERR_clear_error();
  for (const Bytes& bad : {Bytes(32), Unhex(kGroupOrder), Bytes(32, 0xff)}) {
    EXPECT_FALSE(key.public_key().Verify(AsBytes("message"), Joined(bad, s)));
    EXPECT_FALSE(key.public_key().Verify(AsBytes("message"), Joined(r, bad)));
    EXPECT_FALSE(key.public_key().Verify(AsBytes("message"), Joined(bad, bad)));
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

// By OpenSSL's own verification.
bool EvpVerifies(const EcdsaPublicKey& key, ByteView message, ByteView signature) {
  const Bytes spki = key.Spki();
  const uint8_t* at = spki.data();
  EVP_PKEY* const evp = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
  ECDSA_SIG* const raw = ECDSA_SIG_new();
  ECDSA_SIG_set0(raw, BN_bin2bn(signature.data(), 32, nullptr),
                 BN_bin2bn(signature.data() + 32, 32, nullptr));
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(raw, &der);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit_ex(context, nullptr, "SHA256", nullptr, nullptr, evp, nullptr) == 1 &&
      EVP_DigestVerify(context, der, static_cast<size_t>(size), message.data(), message.size()) == 1;
  EVP_MD_CTX_free(context);
  OPENSSL_free(der);
  ECDSA_SIG_free(raw);
  EVP_PKEY_free(evp);
  ERR_clear_error();
  return good;
}

TEST(Ecdsa, VerifiesWhatOpensslDoes) {
  for (int i = 0; i < 60; ++i) {
    const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
    const Bytes message = ToBytes(key.Sign(AsBytes("a message of its own")));
    const auto good = key.Sign(message);
    const P256Scalar s = P256Scalar::Parse(ByteView(good).last(32)).value();
    const P256Scalar minus_one = P256Scalar::Parse(Unhex(kGroupOrderLessOne)).value();
    const P256Scalar doubled = s.Times(P256Scalar::Reduce(Bytes{2}).value());
    const Bytes r = ToBytes(ByteView(good).first(32));
    for (const Bytes& signature : {ToBytes(good), Joined(r, s.Times(minus_one).SecretBytesView()),
                                   Joined(r, doubled.SecretBytesView()), Joined(s.SecretBytesView(), r),
                                   Joined(r, r), Joined(Bytes(32, 1), Bytes(32, 2))}) {
      for (const EcdsaPublicKey& by : {key.public_key(), EcdsaPrivateKey::Generate().public_key()}) {
        EXPECT_EQ(by.Verify(message, signature), EvpVerifies(by, message, signature)) << Hex(signature);
      }
    }
  }
}

// r = -e/d makes the sum of SEC 1's step 5 the identity, whatever s is.
TEST(Ecdsa, TheIdentityVerifiesNothing) {
  const P256Scalar d = P256Scalar::Random();
  const P256Scalar e = P256Scalar::Reduce(Sha256(AsBytes("message"))).value();
  const P256Scalar minus_one = P256Scalar::Parse(Unhex(kGroupOrderLessOne)).value();
  const P256Scalar r = e.Times(d.Inverse()).Times(minus_one);
  const EcdsaPublicKey key = EcdsaPublicKey::FromPoint(P256Point::Generator().Times(d));
  for (int i = 0; i < 4; ++i) {
    const P256Scalar s = P256Scalar::Random();
    EXPECT_FALSE(key.Verify(AsBytes("message"), Joined(r.SecretBytesView(), s.SecretBytesView())));
  }
}

TEST(EcdsaPublicKey, SpkiAndPemComeBack) {
  const EcdsaPublicKey key = EcdsaPrivateKey::Generate().public_key();
  EXPECT_EQ(key.Spki().size(), 91U);
  EXPECT_EQ(EcdsaPublicKey::FromSpki(key.Spki()).value(), key);
  EXPECT_EQ(EcdsaPublicKey::FromPem(key.Pem()).value(), key);
  const Digest digest = Sha256(key.Spki());
  EXPECT_TRUE(SameBytes(key.DeviceId(), ByteView(digest).first(16)));
}

TEST(EcdsaPublicKey, EveryFlippedBitAndLengthOfAnSpki) {
  const Bytes good = EcdsaPrivateKey::Generate().public_key().Spki();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_EQ(EcdsaPublicKey::FromSpki(bad).status().code(), absl::StatusCode::kInvalidArgument) << bit;
  }
  for (size_t size = 0; size <= 100; ++size) {
    Bytes cut = good;
    cut.resize(size);
    EXPECT_EQ(EcdsaPublicKey::FromSpki(cut).ok(), size == good.size()) << size;
  }
}

// Made with `openssl genpkey -algorithm ed25519 | openssl pkey -pubout` and `... EC -pkeyopt
// ec_paramgen_curve:secp384r1`.
TEST(EcdsaPublicKey, OtherPemsAreRefused) {
  for (std::string_view pem :
       {std::string_view(), std::string_view("-----BEGIN PUBLIC KEY-----\n"),
        std::string_view("-----BEGIN PUBLIC KEY-----\n"
                         "MCowBQYDK2VwAyEAPzHEg3+ghd4nOMBUoZCpkyvEhPFcpheQ8G7opkcvDfI=\n"
                         "-----END PUBLIC KEY-----\n"),
        std::string_view("-----BEGIN PUBLIC KEY-----\n"
                         "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEWmzCchGK2fJ1zVINc0zSqKH1A6YS6+Um\n"
                         "Um4rvSkYAKNWpSIKA1WtrG5oIvECFvgS6+Je/mEsdxsnx11YKFvDZFwHu7hG8xt7\n"
                         "iwu3nlfmbIkYoMNE8eDwTdp28a8hLJjv\n"
                         "-----END PUBLIC KEY-----\n")}) {
    EXPECT_EQ(EcdsaPublicKey::FromPem(pem).status().code(), absl::StatusCode::kInvalidArgument) << pem;
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(EcdsaPrivateKey, PemComesBack) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const SecretBytes pem = key.ToPem();
  EXPECT_TRUE(AsText(pem.view()).starts_with("-----BEGIN PRIVATE KEY-----"));
  const auto loaded = EcdsaPrivateKey::FromPem(pem);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->public_key(), key.public_key());
  EXPECT_TRUE(SameBytes(loaded->SecretScalar().SecretBytesView(), key.SecretScalar().SecretBytesView()));
}

TEST(EcdsaPrivateKey, OtherPemsAreRefused) {
  ERR_clear_error();
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  EXPECT_FALSE(EcdsaPrivateKey::FromPem(SecretBytes()).ok());
  EXPECT_FALSE(EcdsaPrivateKey::FromPem(Secret("no pem")).ok());
  EXPECT_FALSE(EcdsaPrivateKey::FromPem(Secret(key.public_key().Pem())).ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

// A PKCS#8 file says its private scalar, and may say its public point, which may be another key's.
class CraftedPkcs8 : public testing::Test {
 protected:
  // PEM of version 0 || ecPublicKey, prime256v1 || ECPrivateKey{1, scalar, [1] point if not empty}.
  static SecretBytes Pem(const Bytes& scalar, const Bytes& point) {
    Bytes ec = {0x02, 0x01, 0x01, 0x04, static_cast<uint8_t>(scalar.size())};
    ec.insert(ec.end(), scalar.begin(), scalar.end());
    if (!point.empty()) {
      const auto size = static_cast<uint8_t>(point.size());
      for (uint8_t byte : {uint8_t{0xa1}, static_cast<uint8_t>(size + 3), uint8_t{0x03},
                           static_cast<uint8_t>(size + 1), uint8_t{0}}) {
        ec.push_back(byte);
      }
      ec.insert(ec.end(), point.begin(), point.end());
    }
    const Bytes inner = Tlv(0x30, ec);
    Bytes body = Unhex("020100301306072a8648ce3d020106082a8648ce3d030107");
    const Bytes octets = Tlv(0x04, inner);
    body.insert(body.end(), octets.begin(), octets.end());
    return Secret("-----BEGIN PRIVATE KEY-----\n" + Base64(Tlv(0x30, body)) + "-----END PRIVATE KEY-----\n");
  }

 private:
  static Bytes Tlv(uint8_t tag, const Bytes& content) {
    Bytes out = {tag};
    if (content.size() >= 0x80) out.push_back(0x81);
    out.push_back(static_cast<uint8_t>(content.size()));
    out.insert(out.end(), content.begin(), content.end());
    return out;
  }
  static std::string Base64(const Bytes& bytes) {
    std::string out(4 * (bytes.size() + 2) / 3 + 1, '\0');
    out.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<uint8_t*>(out.data()), bytes.data(),
                                                   static_cast<int>(bytes.size()))));
    std::string lines;
    for (size_t i = 0; i < out.size(); i += 64) lines += out.substr(i, 64) + "\n";
    return lines;
  }
};

TEST_F(CraftedPkcs8, GoodOnesLoad) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const Bytes scalar = ToBytes(key.SecretScalar().SecretBytesView());
  const auto encoded = key.public_key().point().Uncompressed();
  const Bytes point(encoded.begin(), encoded.end());
  EXPECT_EQ(EcdsaPrivateKey::FromPem(Pem(scalar, point))->public_key(), key.public_key());
  EXPECT_EQ(EcdsaPrivateKey::FromPem(Pem(scalar, {}))->public_key(), key.public_key());
}

TEST_F(CraftedPkcs8, BadOnesAreErrorsNotCrashes) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const Bytes scalar = ToBytes(key.SecretScalar().SecretBytesView());
  const auto encoded = P256Point::Generator().Uncompressed();
  const Bytes foreign(encoded.begin(), encoded.end());
  EXPECT_EQ(EcdsaPrivateKey::FromPem(Pem(scalar, foreign)).status().code(),
            absl::StatusCode::kInvalidArgument);
  for (const Bytes& bad :
       {Bytes(32), Unhex(kGroupOrder), Bytes(32, 0xff), Bytes(40, 0x01), Bytes(1), Bytes()}) {
    for (const Bytes& point : {Bytes(), foreign}) {
      EXPECT_EQ(EcdsaPrivateKey::FromPem(Pem(bad, point)).status().code(), absl::StatusCode::kInvalidArgument)
          << Hex(bad);
    }
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
}  // namespace labrec
