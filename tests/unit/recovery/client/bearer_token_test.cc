#include "recovery/client/tokens/bearer_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

#include "hsm/base/encoding.h"

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
  EXPECT_EQ(token->audiences, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(token->expires_at_ms, 5000);
}

TEST(BearerToken, ExpiryMayHaveAFractionOrBeAway) {
  const auto expires = [](const std::string& exp) {
    return ParseBearerToken(TokenOf(R"({"iss":"chat","sub":"alice")" + exp + "}"))->expires_at_ms;
  };
  EXPECT_EQ(expires(R"(,"exp":1800000000.25)"), 1'800'000'000'250);
  EXPECT_EQ(expires(""), std::nullopt);
  EXPECT_EQ(expires(R"(,"exp":"soon")"), std::nullopt);
  EXPECT_EQ(expires(R"(,"exp":1e300)"), std::nullopt);
}

TEST(BearerToken, RefusesWhatIsNone) {
  EXPECT_THAT(Error(""), HasSubstr("1 parts"));
  EXPECT_THAT(Error("a.b"), HasSubstr("2 parts"));
  EXPECT_THAT(Error("a.!.c"), HasSubstr("not base64url"));
  EXPECT_THAT(Error("a.e30.c\nx: y"), HasSubstr("not base64url"));
  EXPECT_THAT(Error(TokenOf("not json")), HasSubstr("no JSON object"));
  EXPECT_THAT(Error(TokenOf("[1]")), HasSubstr("no JSON object"));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat","sub":"alice","aud":"a","aud":"b"})")), HasSubstr("twice"));
  EXPECT_THAT(Error(TokenOf(R"({"sub":"alice"})")), HasSubstr("\"iss\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat"})")), HasSubstr("\"sub\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat","sub":7})")), HasSubstr("\"sub\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"","sub":"alice"})")), HasSubstr("\"iss\""));
  EXPECT_THAT(Error(TokenOf(R"({"iss":"chat","sub":"alice","aud":[1]})")), HasSubstr("\"aud\""));
}

const Bytes kOslo(16, 0x01), kPorto(16, 0x02);

// A token with these claims besides whose it is.
BearerToken TokenWith(const std::string& claims) {
  return *ParseBearerToken(TokenOf(R"({"iss":"chat","sub":"alice",)" + claims + "}"));
}
BearerToken ForRealm(const Bytes& id, int64_t expires_s = 5) {
  return TokenWith(absl::StrCat(R"("aud":")", Hex(id), R"(","exp":)", expires_s));
}
std::string WhyNot(const absl::Status& status) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(BearerToken, IsShownToItsOneRealmOnly) {
  EXPECT_TRUE(CheckIsFor(ForRealm(kOslo), kOslo).ok());
  EXPECT_TRUE(CheckIsFor(TokenWith(R"("aud":[")" + Hex(kOslo) + R"("])"), kOslo).ok());
  EXPECT_THAT(WhyNot(CheckIsFor(ForRealm(kOslo), kPorto)), HasSubstr(Hex(kPorto)));
  const std::string both = R"("aud":[")" + Hex(kOslo) + R"(",")" + Hex(kPorto) + R"("])";
  EXPECT_THAT(WhyNot(CheckIsFor(TokenWith(both), kOslo)), HasSubstr("good at 2 realms"));
  for (const char* audience :
       {R"("aud":"oslo")", R"("aud":[])", R"("iat":1)", R"("aud":"01010101010101010101010101010101 ")"}) {
    EXPECT_THAT(WhyNot(CheckIsFor(TokenWith(audience), kOslo)), HasSubstr("no token is for this realm"));
  }
  EXPECT_THAT(WhyNot(CheckIsFor(TokenWith(R"("aud":"0101010101010101010101010101010A")"), Bytes(16, 0x01))),
              HasSubstr("no token is for this realm"));
}

TEST(BearerToken, ServicesGetNoRealmsToken) {
  EXPECT_TRUE(CheckIsForAService(TokenWith(R"("aud":"mailboxes")")).ok());
  EXPECT_THAT(WhyNot(CheckIsForAService(ForRealm(kOslo))), HasSubstr("recovery realm's"));
  EXPECT_THAT(WhyNot(CheckIsForAService(TokenWith(R"("aud":["mailboxes","x"])"))), HasSubstr("2 audiences"));
}

TEST(BearerToken, AFileHoldsOneForEachRealm) {
  const std::string text = ForRealm(kOslo).text + "\n" + ForRealm(kPorto, 5).text + "\r\n" +
                           ForRealm(kPorto, 9).text + "\n\n" + ForRealm(kPorto, 7).text;
  const auto tokens = ParseBearerTokens(text);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 4U);
  EXPECT_EQ(TokenFor(kOslo, *tokens)->text, ForRealm(kOslo).text);
  EXPECT_EQ(TokenFor(kPorto, *tokens)->expires_at_ms, 9000) << "the one that expires last";
  EXPECT_THAT(WhyNot(TokenFor(Bytes(16, 0x03), *tokens).status()), HasSubstr("no token is for this realm"));
  EXPECT_FALSE(ParseBearerTokens(" \n").ok());
  EXPECT_FALSE(ParseBearerTokens(text + " x").ok());
}

TEST(BearerToken, MessagesHoldNothingOfIt) {
  EXPECT_THAT(Error("topsecret.topsecret"), testing::Not(HasSubstr("topsecret")));
}

}  // namespace
}  // namespace labrec::recovery::client
