#include "hsm/pkcs11/anchor/state.h"

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::hsm::pkcs11 {
namespace {

State Example() {
  State state;
  state.scope = Scope::NewFor(Bytes(kRealmIdSize, 7));
  state.token = "SoftHSM v2, token 'a'";
  state.anchor = true;
  PinnedKeys keys;
  keys.public_key = P256Point::Generator().Times(P256Scalar::Random());
  keys.derivation_check = Bytes(kDerivationCheckSize, 9);
  keys.evaluation_claims = {true, false, std::nullopt};
  keys.derivation_claims = {std::nullopt, true, false};
  state.keys = keys;
  return state;
}

TEST(Pkcs11State, SurvivesJson) {
  const State state = Example();
  const auto back = FromJson(ToJson(state));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->scope.realm_id, state.scope.realm_id);
  EXPECT_EQ(back->scope.instance, state.scope.instance);
  EXPECT_EQ(back->token, state.token);
  EXPECT_TRUE(back->anchor);
  ASSERT_TRUE(back->keys.has_value());
  EXPECT_EQ(back->keys->public_key, state.keys->public_key);
  EXPECT_EQ(back->keys->derivation_check, state.keys->derivation_check);
  EXPECT_EQ(back->keys->evaluation_claims.local, std::optional(true));
  EXPECT_EQ(back->keys->evaluation_claims.never_extractable, std::optional(false));
  EXPECT_EQ(back->keys->evaluation_claims.always_sensitive, std::nullopt);
  EXPECT_EQ(back->keys->derivation_claims.local, std::nullopt);
  EXPECT_EQ(back->keys->derivation_claims.never_extractable, std::optional(true));
}

TEST(Pkcs11State, HoldsKeysOrAnchorOrBoth) {
  State state = Example();
  state.anchor = false;
  EXPECT_FALSE(FromJson(ToJson(state))->anchor);
  state = Example();
  state.keys.reset();
  EXPECT_FALSE(FromJson(ToJson(state))->keys.has_value());
  state.anchor = false;
  EXPECT_TRUE(absl::IsInvalidArgument(FromJson(ToJson(state)).status()));
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(Pkcs11State, RefusesWhatItDidNotWrite) {
  const std::string good = ToJson(Example()).json;
  for (const std::string& wrong : {
           Replaced(good, "/pkcs11/1", "/tpm2/1"),
           Replaced(good, "/pkcs11/1", "/pkcs11/2"),
           Replaced(good, "\"labyrinth-recovery/pkcs11/1\"", "1"),
           Replaced(good, "0707", "07"),
           Replaced(good, "0707", "07x7"),
           Replaced(good, "0909", "0808\": 3, \"0909"),
           Replaced(good, "\"public_key\"", "\"public_kay\""),
           Replaced(good, "\"public_key\": \"04", "\"public_key\": \"05"),
           Replaced(good, "\"derivation_key\"", "\"derivation_kay\""),
           Replaced(good, "key-ratchet", "counter"),
           std::string("[") + good + "]",
           good + "x",
       }) {
    EXPECT_TRUE(absl::IsInvalidArgument(FromJson({wrong}).status())) << wrong;
  }
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
