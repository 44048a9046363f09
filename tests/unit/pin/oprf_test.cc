#include "pin/oprf/oprf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "pin/oprf/hash_to_curve.h"
#include "tests/unit/vector_file.h"

namespace labrec::pin {
namespace {

SecretBytes Secret(const std::string& text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

// RFC 9497, appendix A.3.1.
TEST(Oprf, Rfc9497) {
  const VectorFile file = VectorFile::Load("rfc9497_a3_1_oprf_p256_sha256.txt");
  const P256Scalar key = P256Scalar::Parse(Unhex(file.common.at("sk"))).value();
  ASSERT_EQ(file.vectors.size(), 2U);
  for (const auto& vector : file.vectors) {
    const SecretBytes input = SecretBytes::CopyOf(Unhex(vector.at("input")));
    auto blinded = BlindWith(input, P256Scalar::Parse(Unhex(vector.at("blind"))).value());
    ASSERT_TRUE(blinded.ok()) << blinded.status();
    EXPECT_EQ(Hex(blinded->element.Compressed()), vector.at("blinded_element"));
    const P256Point evaluated = blinded->element.Times(key);
    EXPECT_EQ(Hex(evaluated.Compressed()), vector.at("evaluation_element"));
    auto output = Finalize(input, blinded->blind, evaluated);
    ASSERT_TRUE(output.ok()) << output.status();
    EXPECT_EQ(Hex(output->view()), vector.at("output"));
  }
}

// DeriveKeyPair (RFC 9497, section 3.2.1) with the vector's seed and info gives the vector's key: this is the
// only published figure that a hash to a scalar of this suite can be held against.
TEST(Oprf, HashToScalarGivesTheVectorsKey) {
  const VectorFile file = VectorFile::Load("rfc9497_a3_1_oprf_p256_sha256.txt");
  const Bytes info = Unhex(file.common.at("key_info"));
  Writer derive_input;
  derive_input.Raw(Unhex(file.common.at("seed"))).Lp(info).U8(0);
  const std::string dst("DeriveKeyPairOPRFV1-\0-P256-SHA256", 33);
  EXPECT_EQ(Hex(HashToScalar(derive_input.bytes(), AsBytes(dst)).SecretBytesView()), file.common.at("sk"));
  const std::string own_dst("HashToScalar-OPRFV1-\0-P256-SHA256", 33);
  EXPECT_TRUE(SameBytes(OprfHashToScalar(AsBytes("x")).SecretBytesView(),
                        HashToScalar(AsBytes("x"), AsBytes(own_dst)).SecretBytesView()));
}

TEST(Oprf, OutputDoesNotDependOnTheBlind) {
  const P256Scalar key = P256Scalar::Random();
  const SecretBytes input = Secret("1234");
  const auto a = Blind(input);
  const auto b = Blind(input);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(a->element, b->element) << "two blindings of one input must not be linkable";
  const auto output_a = Finalize(input, a->blind, a->element.Times(key));
  const auto output_b = Finalize(input, b->blind, b->element.Times(key));
  ASSERT_TRUE(output_a.ok() && output_b.ok());
  EXPECT_TRUE(output_a->Equals(output_b->view()));
}

// The blind gives the PIN to who has the element: it lies where secrets do, from draw to Finalize.
TEST(Oprf, TheBlindIsKeptInLockedMemory) {
  auto blinded = Blind(SecretBytes::CopyOf(AsBytes("1234")));
  ASSERT_TRUE(blinded.ok());
  EXPECT_NE(CRYPTO_secure_allocated(blinded->blind.SecretBytesView().data()), 0);
  const Blinded moved = *std::move(blinded);
  EXPECT_NE(CRYPTO_secure_allocated(moved.blind.SecretBytesView().data()), 0);
}

TEST(Oprf, OutputDependsOnInputKeyAndBlind) {
  const P256Scalar key = P256Scalar::Random();
  const SecretBytes input = Secret("1234");
  const auto blinded = Blind(input);
  ASSERT_TRUE(blinded.ok());
  const P256Point evaluated = blinded->element.Times(key);
  const SecretBytes output = Finalize(input, blinded->blind, evaluated).value();
  EXPECT_FALSE(Finalize(Secret("1235"), blinded->blind, evaluated)->Equals(output.view()));
  EXPECT_FALSE(Finalize(input, P256Scalar::Random(), evaluated)->Equals(output.view()));
  EXPECT_FALSE(
      Finalize(input, blinded->blind, blinded->element.Times(P256Scalar::Random()))->Equals(output.view()));
}

TEST(Oprf, InputLengthIsBounded) {
  EXPECT_TRUE(Blind(SecretBytes::OfSize(65535)).ok());
  EXPECT_EQ(Blind(SecretBytes::OfSize(65536)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Finalize(SecretBytes::OfSize(65536), P256Scalar::Random(), P256Point::Generator()).status().code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace labrec::pin
