// Seeds for endorsement keys: what is random in them is the caller's, and the key's owner gets them back.

#include "hsm/tpm_wire/shared_seed.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "hsm/base/ecdsa.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/kdf.h"

namespace labrec::tpm {
namespace {

// Bytes that follow from `first`; counts those that were drawn.
RandomSource Counting(uint8_t first, size_t& drawn) {
  return [first, &drawn](std::span<uint8_t> to) {
    for (uint8_t& byte : to) byte = static_cast<uint8_t>(first + 7 * drawn++);
  };
}

PkeyPtr RsaKey(unsigned bits) {
  return PkeyPtr(EVP_RSA_gen(bits));
}
TpmtPublic AreaOf(const EVP_PKEY* key, HashAlgorithm algorithm) {
  BIGNUM* modulus = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
  const BnPtr owned(modulus);
  TpmtPublic area;
  area.type = kAlgRsa;
  area.name_algorithm = algorithm;
  area.modulus.resize(static_cast<size_t>(BN_num_bytes(modulus)));
  BN_bn2bin(modulus, area.modulus.data());
  return area;
}
// What OpenSSL makes of it, by its own OAEP.
Bytes Opened(EVP_PKEY* key, const char* digest, ByteView sealed) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const EVP_MD* md = EVP_get_digestbyname(digest);
  void* label = OPENSSL_memdup("IDENTITY", 9);
  Bytes out(sealed.size());
  size_t size = out.size();
  const bool opened = EVP_PKEY_decrypt_init(context.get()) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md) == 1 &&
                      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md) == 1 &&
                      EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, 9) == 1 &&
                      EVP_PKEY_decrypt(context.get(), out.data(), &size, sealed.data(), sealed.size()) == 1;
  EXPECT_TRUE(opened);
  out.resize(opened ? size : 0);
  return out;
}

TEST(SharedSeed, ForAnRsaKeyItIsOaepOfTheCallersBytes) {
  const struct {
    unsigned bits;
    HashAlgorithm algorithm;
    const char* digest;
  } rows[] = {{2048, HashAlgorithm::kSha256, "SHA256"}, {3072, HashAlgorithm::kSha384, "SHA384"}};
  for (const auto& row : rows) {
    const PkeyPtr key = RsaKey(row.bits);
    const TpmtPublic area = AreaOf(key.get(), row.algorithm);
    size_t drawn = 0, again = 0, other = 0;
    const auto seed = MakeIdentitySeed(area, Counting(1, drawn));
    ASSERT_TRUE(seed.ok()) << seed.status();
    EXPECT_EQ(drawn, 2 * DigestSize(row.algorithm));
    EXPECT_EQ(Opened(key.get(), row.digest, ByteView(seed->encrypted).subspan(2)),
              ToBytes(seed->seed.view()));
    EXPECT_EQ(MakeIdentitySeed(area, Counting(1, again))->encrypted, seed->encrypted);
    EXPECT_NE(MakeIdentitySeed(area, Counting(2, other))->encrypted, seed->encrypted);
  }
}

TEST(SharedSeed, AKeyThatIsTooShortForOaepIsRefused) {
  const PkeyPtr key = RsaKey(1024);
  size_t drawn = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(
      MakeIdentitySeed(AreaOf(key.get(), HashAlgorithm::kSha512), Counting(1, drawn)).status()));
}

TEST(SharedSeed, ForAnEccKeyTheFreshKeyIsTheCallers) {
  const P256Scalar secret = P256Scalar::Random();
  const P256Point key = P256Point::Generator().Times(secret);
  TpmtPublic area;
  area.type = kAlgEcc;
  area.curve = kCurveP256;
  area.x = ToBytes(ByteView(key.Uncompressed()).subspan(1, 32));
  area.y = ToBytes(ByteView(key.Uncompressed()).subspan(33));
  size_t drawn = 0, again = 0, other = 0;
  const auto seed = MakeIdentitySeed(area, Counting(1, drawn));
  ASSERT_TRUE(seed.ok()) << seed.status();
  EXPECT_EQ(drawn, 48U);
  // TPM2B_ENCRYPTED_SECRET of a TPMS_ECC_POINT: three sizes of two bytes.
  ASSERT_EQ(seed->encrypted.size(), 2U + 2 + 32 + 2 + 32);
  const Bytes x = ToBytes(ByteView(seed->encrypted).subspan(4, 32));
  const auto fresh = P256Point::FromAffine(x, ByteView(seed->encrypted).subspan(38));
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  const P256Point shared = fresh->Times(secret);
  const SecretBytes wanted = KdfE(HashAlgorithm::kSha256, ByteView(shared.Uncompressed()).subspan(1, 32),
                                  "IDENTITY", x, area.x, 256);
  EXPECT_TRUE(wanted.Equals(seed->seed.view()));
  EXPECT_EQ(MakeIdentitySeed(area, Counting(1, again))->encrypted, seed->encrypted);
  EXPECT_NE(MakeIdentitySeed(area, Counting(2, other))->encrypted, seed->encrypted);
}

}  // namespace
}  // namespace labrec::tpm
