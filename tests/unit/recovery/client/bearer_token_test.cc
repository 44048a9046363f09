#include "recovery/client/bearer_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace labrec::recovery::client {
namespace {

using testing::HasSubstr;

std::string TokenOf(const std::string& payload) {
  return absl::StrCat(absl::WebSafeBase64Escape("{\"alg\":\"ES256\"}"), ".",
                      absl::WebSafeBase64Escape(payload), ".", absl::WebSafeBase64Escape("signature"));
}

std::string Error(std::string text) {
  const auto token = ParseBearerToken(std::move(text));
  if (token.ok()) return "no error";
  EXPECT_TRUE(absl::IsInvalidArgument(token.status()));
  return std::string(token.status().message());
}

TEST(BearerToken, SaysWhomItSpeaksOf) {
  const std::string text = TokenOf(R"({"iss":"chat","sub":"alice","aud":["a","b"],"exp":5})");
  const auto token = ParseBearerToken(" " + text + "\n");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->text, text);
  EXPECT_EQ(token->tenant, "chat");
  EXPECT_EQ(token->account, "alice");
}

TEST(BearerToken, RefusesWhatIsNone) {
  EXPECT_THAT(Error(""), HasSubstr("1 parts"));
  EXPECT_THAT(Error("a.b"), HasSubstr("2 parts"));
  EXPECT_THAT(Error("a.!.c"), HasSubstr("not base64url"));
  EXPECT_THAT(Error("a.e30.c\nx: y"), HasSubstr("not base64url"));
  EXPECT_THAT(Error(TokenOf("not json")), HasSubstr("no JSON object"));
  EXPECT_THAT(Error(TokenOf("[1]")), HasSubstr("no JSON object"));
  EXPECT_THAT(Error(TokenOf(R"({"sub":"alice"})")), HasSubstr("\"iss\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat"})")), HasSubstr("\"sub\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat","sub":7})")), HasSubstr("\"sub\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"","sub":"alice"})")), HasSubstr("\"iss\""));
}

TEST(BearerToken, MessagesHoldNothingOfIt) {
  EXPECT_THAT(Error("topsecret.topsecret"), testing::Not(HasSubstr("topsecret")));
}

}  // namespace
}  // namespace labrec::recovery::client
