#include "recovery/server/tokens/jwks.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/server/test_tokens.h"

namespace labrec::recovery::test {
namespace {

using testing::HasSubstr;

constexpr auto kEs256 = TokenAlgorithm::kEs256;
constexpr auto kRs256 = TokenAlgorithm::kRs256;

class JwksTest : public testing::Test {
 protected:
  static absl::StatusOr<Jwks> Parse(const Json& keys) { return Jwks::Parse(Json{{"keys", keys}}.dump()); }
  // The key cannot be used, which is said; its neighbour can.
  void ExpectPassedOver(const Json& key, const std::string& reason) const {
    const auto set = Parse({key, good_});
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->size(), 1U) << key;
    EXPECT_TRUE(set->Has(good_["kid"].get<std::string>()));
    ASSERT_EQ(set->passed_over().size(), 1U) << key;
    EXPECT_THAT(set->passed_over()[0], testing::StartsWith("keys[0]: "));
    EXPECT_THAT(set->passed_over()[0], HasSubstr(reason));
  }

  const Json good_ = EcJwk(EcdsaPrivateKey::Generate().public_key());
  Json ec_ = EcJwk(EcdsaPrivateKey::Generate().public_key());
};

TEST_F(JwksTest, BothKinds) {
  const RsaKey rsa(2048);
  const auto set = Parse({ec_, rsa.Jwk("r")});
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_NE(set->Find("r", kRs256), nullptr);
  EXPECT_THAT(set->Find("r", kRs256)->pem, HasSubstr("BEGIN PUBLIC KEY"));
  EXPECT_EQ(set->Find("r", kEs256), nullptr);
  EXPECT_EQ(set->Find("s", kRs256), nullptr);
  EXPECT_THAT(set->passed_over(), testing::IsEmpty());
}

TEST_F(JwksTest, AShortRsaKey) {
  ExpectPassedOver(RsaKey(1024).Jwk("r"), "1024 bits");
}

TEST_F(JwksTest, ASmallExponent) {
  Json key = SharedRsaKey().Jwk("r");
  key["e"] = "Aw";
  ExpectPassedOver(key, "exponent");
}

TEST_F(JwksTest, APrivateKey) {
  ec_["d"] = "AAAA";
  ExpectPassedOver(ec_, "private");
}

TEST_F(JwksTest, ASymmetricKey) {
  ExpectPassedOver({{"kty", "oct"}, {"kid", "1"}, {"k", "AAAA"}}, "symmetric");
}

TEST_F(JwksTest, APointOffTheCurve) {
  ec_["y"] = ec_["x"];
  ExpectPassedOver(ec_, "");
}

TEST_F(JwksTest, ATruncatedCoordinate) {
  ec_["x"] = ec_["x"].get<std::string>().substr(0, 40);
  ExpectPassedOver(ec_, "");
}

TEST_F(JwksTest, Padding) {
  ec_["x"] = ec_["x"].get<std::string>() + "=";
  ExpectPassedOver(ec_, "\"x\" is missing or no base64url");
}

TEST_F(JwksTest, AKeyWithoutId) {
  ec_.erase("kid");
  ExpectPassedOver(ec_, "\"kid\"");
}

TEST_F(JwksTest, WhatIsNoKey) {
  ExpectPassedOver(1, "no object");
  ExpectPassedOver(Json::object(), "neither for ES256");
}

TEST_F(JwksTest, OtherCurvesUsesOperationsAndAlgorithms) {
  const auto with = [&](const char* member, const Json& value) {
    Json key = ec_;
    key[member] = value;
    return key;
  };
  ExpectPassedOver(with("crv", "P-384"), "neither for ES256");
  ExpectPassedOver(with("use", "enc"), "\"use\"");
  ExpectPassedOver(with("use", 1), "\"use\"");
  ExpectPassedOver(with("alg", "ES512"), "\"alg\"");
  ExpectPassedOver(with("key_ops", {"sign"}), "\"key_ops\"");
  ExpectPassedOver(with("key_ops", {"encrypt", "wrapKey"}), "\"key_ops\"");
  ExpectPassedOver(with("key_ops", Json::array()), "\"key_ops\"");
  ExpectPassedOver(with("key_ops", "verify"), "\"key_ops\"");
  EXPECT_EQ(Parse(Json::array({with("key_ops", {"sign", "verify"})}))->size(), 1U);
}

TEST_F(JwksTest, OfTwoKeysOfOneIdTheFirstIsTaken) {
  Json other = good_;
  other["kid"] = ec_["kid"];
  const auto set = Parse({ec_, other});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->size(), 1U);
  EXPECT_THAT(set->passed_over(),
              testing::ElementsAre(HasSubstr("keys[1]: \"kid\" stands on an earlier key")));
}

TEST_F(JwksTest, KeysOfTwoAlgorithmsMayShareAnId) {
  const auto set = Parse({ec_, SharedRsaKey().Jwk(ec_["kid"])});
  ASSERT_TRUE(set.ok()) << set.status();
  const auto id = ec_["kid"].get<std::string>();
  EXPECT_NE(set->Find(id, kEs256), nullptr);
  EXPECT_NE(set->Find(id, kRs256), nullptr);
}

TEST_F(JwksTest, ASetWithoutUsableKeysIsASet) {
  const auto empty = Parse(Json::array());
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->size(), 0U);
}

TEST_F(JwksTest, WhatIsNoKeySetIsRefused) {
  for (const char* text : {"", "[]", "{}", "{\"keys\": {}}", "null", "[{}]"}) {
    EXPECT_FALSE(Jwks::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace labrec::recovery::test
