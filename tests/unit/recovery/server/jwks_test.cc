#include "recovery/server/tokens/jwks.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/server/test_tokens.h"

namespace labrec::recovery::test {
namespace {

using testing::HasSubstr;

class JwksTest : public testing::Test {
 protected:
  static absl::StatusOr<Jwks> Parse(const Json& key) { return Jwks::Parse(Json{{"keys", {key}}}.dump()); }
  static void ExpectRefused(const Json& key, const std::string& reason) {
    const auto parsed = Parse(key);
    ASSERT_FALSE(parsed.ok()) << key;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(reason));
  }

  Json ec_ = EcJwk(EcdsaPrivateKey::Generate().public_key());
};

TEST_F(JwksTest, BothKinds) {
  const RsaKey rsa(2048);
  const auto set = Jwks::Parse(Json{{"keys", {ec_, rsa.Jwk("r")}}}.dump());
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_NE(set->Find("r"), nullptr);
  EXPECT_EQ(set->Find("r")->algorithm, TokenAlgorithm::kRs256);
  EXPECT_THAT(set->Find("r")->pem, HasSubstr("BEGIN PUBLIC KEY"));
  EXPECT_EQ(set->Find("s"), nullptr);
}

TEST_F(JwksTest, AShortRsaKeyIsRefused) {
  ExpectRefused(RsaKey(1024).Jwk("r"), "1024 bits");
}

TEST_F(JwksTest, ASmallExponentIsRefused) {
  Json key = RsaKey(2048).Jwk("r");
  key["e"] = "Aw";
  ExpectRefused(key, "exponent");
}

TEST_F(JwksTest, APrivateKeyIsRefused) {
  ec_["d"] = "AAAA";
  ExpectRefused(ec_, "private");
}

TEST_F(JwksTest, ASymmetricKeyIsRefused) {
  ExpectRefused({{"kty", "oct"}, {"kid", "1"}, {"k", "AAAA"}}, "symmetric");
}

TEST_F(JwksTest, APointOffTheCurveIsRefused) {
  ec_["y"] = ec_["x"];
  ExpectRefused(ec_, "keys[0]");
}

TEST_F(JwksTest, ATruncatedCoordinateIsRefused) {
  ec_["x"] = ec_["x"].get<std::string>().substr(0, 40);
  ExpectRefused(ec_, "keys[0]");
}

TEST_F(JwksTest, PaddingIsRefused) {
  ec_["x"] = ec_["x"].get<std::string>() + "=";
  ExpectRefused(ec_, "\"x\" is missing or no base64url");
}

TEST_F(JwksTest, AKeyWithoutIdIsRefused) {
  ec_.erase("kid");
  ExpectRefused(ec_, "\"kid\"");
}

TEST_F(JwksTest, TwoKeysOfOneIdAreRefused) {
  const auto set = Jwks::Parse(Json{{"keys", {ec_, ec_}}}.dump());
  ASSERT_FALSE(set.ok());
  EXPECT_THAT(std::string(set.status().message()), HasSubstr("keys[1]"));
}

TEST_F(JwksTest, OtherCurvesUsesAndAlgorithmsArePassedOver) {
  Json p384 = ec_, encryption = ec_, es512 = ec_;
  p384["crv"] = "P-384";
  encryption["use"] = "enc";
  es512["alg"] = "ES512";
  for (const Json& key : {p384, encryption, es512}) ExpectRefused(key, "no key for ES256");
  const auto set = Jwks::Parse(Json{{"keys", {p384, encryption, ec_}}}.dump());
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->size(), 1U);
}

TEST_F(JwksTest, WhatIsNoKeySetIsRefused) {
  for (const char* text : {"", "[]", "{}", "{\"keys\": {}}", "{\"keys\": [1]}", "{\"keys\": []}", "null"}) {
    EXPECT_FALSE(Jwks::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace labrec::recovery::test
