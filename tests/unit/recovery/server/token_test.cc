#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"

#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/jwk_thumbprint.h"
#include "recovery/server/tokens/jwt.h"
#include "recovery/server/tokens/verifier.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/unit/recovery/server/test_tokens.h"

namespace labrec::recovery::test {
namespace {

using testing::HasSubstr;

class TokenTest : public testing::Test {
 protected:
  TokenTest() {
    WriteKeys(jwks_, Json::array({EcJwk(key_.public_key()), rsa_.Jwk("rsa")}));
    WriteKeys(other_jwks_, Json::array({EcJwk(other_key_.public_key())}));
    auto made =
        TokenVerifier::Create({{"acme", jwks_}, {"other", other_jwks_}}, "realm-1", clock_, {kLongest, 4});
    EXPECT_TRUE(made.ok()) << made.status();
    verifier_ = *std::move(made);
  }

  Json Header() const { return {{"alg", "ES256"}, {"typ", "JWT"}, {"kid", TokenKeyId(key_.public_key())}}; }
  static constexpr size_t kLongest = 6000;
  int64_t Now() const { return clock_.now_ms / 1000; }
  Json Claims() const {
    return {{"iss", "acme"}, {"sub", "alice"}, {"aud", "realm-1"}, {"exp", Now() + 3600}, {"iat", Now()}};
  }
  std::string Good() const { return Es256(key_, Header(), Claims()); }
  // The good token with one claim changed.
  std::string With(const char* claim, const Json& value) const {
    Json claims = Claims();
    claims[claim] = value;
    return Es256(key_, Header(), claims);
  }
  std::string Without(const char* claim) const {
    Json claims = Claims();
    claims.erase(claim);
    return Es256(key_, Header(), claims);
  }
  void ExpectRefused(const std::string& token, const std::string& reason) {
    const auto verified = verifier_->Verify(token);
    ASSERT_FALSE(verified.ok()) << "taken, but: " << reason;
    EXPECT_EQ(verified.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_THAT(std::string(verified.status().message()), HasSubstr(reason));
  }
  void ExpectAccount(const std::string& token, const std::string& account) {
    const auto verified = verifier_->Verify(token);
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_EQ(verified->account, account);
    EXPECT_EQ(verified->tenant, "acme");
  }

  labrec::test::TemporaryFolder folder_;
  const std::filesystem::path jwks_ = folder_.path() / "acme.json";
  const std::filesystem::path other_jwks_ = folder_.path() / "other.json";
  const EcdsaPrivateKey key_ = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey other_key_ = EcdsaPrivateKey::Generate();
  const RsaKey& rsa_ = SharedRsaKey();
  FixedClock clock_;
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenTest, Es256IsTaken) {
  ExpectAccount(Good(), "alice");
}

TEST_F(TokenTest, Rs256IsTaken) {
  ExpectAccount(rsa_.Sign({{"alg", "RS256"}, {"kid", "rsa"}}, Claims()), "alice");
}

TEST_F(TokenTest, IssuedTokensAreTaken) {
  ExpectAccount(IssueToken(key_, {"acme", "bob", "realm-1", Now(), 60}), "bob");
}

TEST_F(TokenTest, TheDeviceKeyThatItsPlatformVouchesFor) {
  const EcdsaPublicKey device = EcdsaPrivateKey::Generate().public_key();
  const auto named = verifier_->Verify(IssueToken(key_, {"acme", "bob", "realm-1", Now(), 60, device}));
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->device_key, JwkThumbprint(device));
  EXPECT_EQ(verifier_->Verify(Good())->device_key, std::nullopt);
  // Other ways to name a key are passed over (RFC 7800, section 3.1).
  EXPECT_EQ(verifier_->Verify(With("cnf", {{"x5t#S256", "abc"}}))->device_key, std::nullopt);
}

TEST_F(TokenTest, AThumbprintThatIsNone) {
  for (const Json& spoilt : {Json("abc"), Json(1), Json(nullptr), Json(std::string(43, '!')),
                             Json(Base64Url(Bytes(31, 'a'))), Json(Base64Url(Bytes(32, 'a')) + "=")}) {
    ExpectRefused(With("cnf", {{"jkt", spoilt}}), "\"jkt\" of \"cnf\"");
  }
  for (const Json& spoilt : {Json("jkt"), Json::array(), Json(nullptr)}) {
    ExpectRefused(With("cnf", spoilt), "\"cnf\" is no object");
  }
}

// RFC 7638, section 3.1.
TEST(JwkThumbprint, OfTheStandardsRsaKey) {
  constexpr char kModulus[] =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC"
      "iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZg"
      "nYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIq"
      "bw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  EXPECT_EQ(Base64Url(JwkThumbprint({{"e", "AQAB"}, {"kty", "RSA"}, {"n", kModulus}})),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

// The key of RFC 9449, sections 4.1 and 6.1.
TEST(JwkThumbprint, OfAP256Key) {
  const auto point = P256Point::FromAffine(*FromBase64Url("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
                                           *FromBase64Url("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"));
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(Base64Url(JwkThumbprint(EcdsaPublicKey::FromPoint(*point))),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

TEST_F(TokenTest, AudienceMayBeAListOfOne) {
  ExpectAccount(With("aud", Json::array({"realm-1"})), "alice");
}

// Each of the others could have stolen it.
TEST_F(TokenTest, AnotherAudienceBesideThisOne) {
  ExpectRefused(With("aud", {"somebody", "realm-1"}), "names 2 audiences");
  ExpectRefused(With("aud", {"realm-1", "somebody"}), "names 2 audiences");
  ExpectRefused(With("aud", {"realm-1", "realm-1"}), "names 2 audiences");
}

// One reader takes the first of two, another one the last: so the token would be two realms'.
TEST_F(TokenTest, AMemberThatStandsTwice) {
  const auto with = [this](const std::string& header, const std::string& claims) {
    const std::string part = Base64Url(AsBytes(header)) + "." + Base64Url(AsBytes(claims));
    return part + "." + Base64Url(key_.Sign(AsBytes(part)));
  };
  const std::string header = Header().dump();
  const std::string claims = Claims().dump();
  ExpectAccount(with(header, claims), "alice");
  const auto twice = [](const std::string& object, const std::string& member) {
    return "{" + member + "," + object.substr(1);
  };
  for (const char* member : {R"("aud":"somebody")", R"("aud":"realm-1")", R"("sub":"bob")", R"("exp":1)"}) {
    ExpectRefused(with(header, twice(claims, member)), "cannot be read");
  }
  ExpectRefused(with(twice(header, R"("alg":"none")"), claims), "cannot be read");
}

// RFC 9068, section 2.1; media types have no case.
TEST_F(TokenTest, AccessTokensByTheirType) {
  for (const char* type : {"at+jwt", "application/at+jwt", "AT+JWT", "jwt", "application/jwt"}) {
    Json header = Header();
    header["typ"] = type;
    ExpectAccount(Es256(key_, header, Claims()), "alice");
  }
  Json untyped = Header();
  untyped.erase("typ");
  ExpectAccount(Es256(key_, untyped, Claims()), "alice");
}

TEST_F(TokenTest, JwtsOfAnotherKind) {
  for (const Json& type : {Json("logout+jwt"), Json("dpop+jwt"), Json(""), Json(1), Json(nullptr)}) {
    Json header = Header();
    header["typ"] = type;
    ExpectRefused(Es256(key_, header, Claims()), "\"typ\"");
  }
}

// RFC 7519, section 2.
TEST_F(TokenTest, TimesMayHaveFractions) {
  ExpectAccount(With("iat", static_cast<double>(Now()) - 0.25), "alice");
  ExpectAccount(With("nbf", static_cast<double>(Now()) + 59.5), "alice");
  const std::string soon = With("exp", static_cast<double>(Now()) + 0.5);
  ExpectAccount(soon, "alice");
  clock_.now_ms += 499;
  ExpectAccount(soon, "alice");
  clock_.now_ms += 1;
  ExpectRefused(soon, "expired");
}

TEST_F(TokenTest, NumbersOfAnySizeInClaimsThatNobodyReads) {
  const std::string part = Good().substr(0, Good().find('.')) + "." +
                           Base64Url(AsBytes(Claims().dump().substr(0, Claims().dump().size() - 1) +
                                             R"(,"jti":123456789012345678901234567890})"));
  const auto verified = verifier_->Verify(part + "." + Base64Url(key_.Sign(AsBytes(part))));
  EXPECT_TRUE(verified.ok()) << verified.status();
}

TEST_F(TokenTest, AsLongAsTheMetadataMayBe) {
  const std::string token = With("groups", std::string(3500, 'g'));
  ASSERT_GT(token.size(), 4700U);
  ExpectAccount(token, "alice");
}

TEST_F(TokenTest, WrongKey) {
  ExpectRefused(Es256(other_key_, Header(), Claims()), "signature does not verify");
}

TEST_F(TokenTest, AnotherTenantsKeyIsNotTakenForThisTenant) {
  Json header = Header();
  header["kid"] = TokenKeyId(other_key_.public_key());
  ExpectRefused(Es256(other_key_, header, Claims()), "\"kid\" is no key of its tenant");
}

TEST_F(TokenTest, UnknownTenant) {
  ExpectRefused(With("iss", "nobody"), "\"iss\" is no tenant");
}
TEST_F(TokenTest, MissingIssuer) {
  ExpectRefused(Without("iss"), "\"iss\" is missing");
}
TEST_F(TokenTest, Expired) {
  ExpectRefused(With("exp", Now()), "expired");
}
TEST_F(TokenTest, NoExpiry) {
  ExpectRefused(Without("exp"), "\"exp\" is missing");
}
TEST_F(TokenTest, ExpiryTooFar) {
  ExpectRefused(With("exp", Now() + 25 * 3600), "more than 24 hours");
}
TEST_F(TokenTest, ExpiryADayAhead) {
  ExpectAccount(With("exp", Now() + 24 * 3600), "alice");
}
TEST_F(TokenTest, ExpiryAsText) {
  ExpectRefused(With("exp", "2100-01-01"), "\"exp\" is no number");
}
TEST_F(TokenTest, ExpiryBeyondAllNumbers) {
  ExpectRefused(With("exp", 9.2e18), "\"exp\" is no number");
  ExpectRefused(With("exp", -1), "\"exp\" is no number");
  ExpectRefused(With("nbf", 1e300), "\"nbf\" is no number");
}
TEST_F(TokenTest, NotYetValid) {
  ExpectRefused(With("nbf", Now() + 3600), "\"nbf\"");
}
TEST_F(TokenTest, IssuedInTheFuture) {
  ExpectRefused(With("iat", Now() + 3600), "\"iat\"");
}
TEST_F(TokenTest, WrongAudience) {
  ExpectRefused(With("aud", "realm-2"), "\"aud\"");
}
TEST_F(TokenTest, AudienceOfOthers) {
  ExpectRefused(With("aud", {"realm-2", "x"}), "\"aud\"");
  ExpectRefused(With("aud", Json::array()), "\"aud\" is not");
  ExpectRefused(With("aud", Json::array({Json::array({"realm-1"})})), "\"aud\" is not");
  for (const char* almost : {"realm-1 ", "REALM-1", "realm-", "realm-12", ""}) {
    ExpectRefused(With("aud", almost), "\"aud\" is not");
  }
}
TEST_F(TokenTest, NoAudience) {
  ExpectRefused(Without("aud"), "\"aud\"");
}
TEST_F(TokenTest, NoSubject) {
  ExpectRefused(Without("sub"), "\"sub\" is missing");
}
TEST_F(TokenTest, SubjectWithControlCharacter) {
  ExpectRefused(With("sub", "a\nb"), "\"sub\" is no account");
}
TEST_F(TokenTest, SubjectTooLong) {
  ExpectRefused(With("sub", std::string(129, 'a')), "\"sub\" is no account");
}

TEST_F(TokenTest, AlgorithmNone) {
  Json header = Header();
  header["alg"] = "none";
  ExpectRefused(SignedPart(header, Claims()) + ".", "neither ES256 nor RS256");
  ExpectRefused(Es256(key_, header, Claims()), "neither ES256 nor RS256");
}

TEST_F(TokenTest, Hs256WithThePublicKeyAsSecret) {
  Json header = Header();
  header["alg"] = "HS256";
  ExpectRefused(Hs256(key_.public_key().Pem(), header, Claims()), "neither ES256 nor RS256");
  header["alg"] = "ES256";
  ExpectRefused(Hs256(key_.public_key().Pem(), header, Claims()), "signature does not verify");
}

TEST_F(TokenTest, AlgorithmOfAnotherKey) {
  ExpectRefused(Es256(key_, {{"alg", "ES256"}, {"kid", "rsa"}}, Claims()), "\"alg\" is not that of the key");
}

TEST_F(TokenTest, NoKeyId) {
  ExpectRefused(Es256(key_, {{"alg", "ES256"}}, Claims()), "\"kid\" is missing");
}

TEST_F(TokenTest, UnknownKeyId) {
  ExpectRefused(Es256(key_, {{"alg", "ES256"}, {"kid", "x"}}, Claims()), "\"kid\" is no key");
}

TEST_F(TokenTest, CriticalExtension) {
  Json header = Header();
  header["crit"] = Json::array({"b64"});
  ExpectRefused(Es256(key_, header, Claims()), "\"crit\"");
}

TEST_F(TokenTest, CutAtEveryLength) {
  const std::string token = Good();
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_FALSE(verifier_->Verify(token.substr(0, size)).ok()) << size;
  }
}

TEST_F(TokenTest, EveryCharacterChanged) {
  const std::string token = Good();
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = token[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifier_->Verify(changed).ok()) << i;
  }
}

TEST_F(TokenTest, TrailingBytes) {
  ExpectRefused(Good() + "A", "token");
  ExpectRefused(Good() + "=", "cannot be read");
  ExpectRefused(Good() + ".x", "three parts");
}

TEST_F(TokenTest, TooLong) {
  ExpectRefused(std::string(kLongest + 1, 'a'), "longer than 6000 bytes");
}

TEST_F(TokenTest, ACachedTokenExpires) {
  const std::string token = Good();
  ExpectAccount(token, "alice");
  clock_.now_ms += 3'600'000 - 1;
  ExpectAccount(token, "alice");
  clock_.now_ms += 1;
  ExpectRefused(token, "expired");
}

TEST_F(TokenTest, AKeyThatLeftTheFileIsRefusedAtOnce) {
  const std::string token = Good();
  ExpectAccount(token, "alice");
  WriteKeys(jwks_, Json::array({rsa_.Jwk("rsa")}));
  ExpectRefused(token, "\"kid\" is no key");
}

TEST_F(TokenTest, AKeyThatCameIntoTheFileIsTaken) {
  const EcdsaPrivateKey fresh = EcdsaPrivateKey::Generate();
  const std::string token = IssueToken(fresh, {"acme", "carol", "realm-1", Now(), 60});
  ExpectRefused(token, "\"kid\" is no key");
  WriteKeys(jwks_, Json::array({EcJwk(fresh.public_key())}));
  ExpectAccount(token, "carol");
}

// Whoever takes all keys out means it.
TEST_F(TokenTest, AFileWithoutUsableKeysLeavesNone) {
  const std::string token = Good();
  ExpectAccount(token, "alice");
  WriteKeys(jwks_, Json::array());
  ExpectRefused(token, "\"kid\" is no key");
}

TEST_F(TokenTest, AKeyThatWasTakenOutIsGoneThoughItsNeighbourCannotBeUsed) {
  const std::string token = Good();
  ExpectAccount(token, "alice");
  WriteKeys(jwks_, Json::array({RsaKey(1024).Jwk("short"), rsa_.Jwk("rsa")}));
  ExpectRefused(token, "\"kid\" is no key");
  ExpectAccount(rsa_.Sign({{"alg", "RS256"}, {"kid", "rsa"}}, Claims()), "alice");
}

TEST_F(TokenTest, ABrokenFileKeepsTheKeysThatWereRead) {
  ASSERT_TRUE(WriteFile(jwks_, AsBytes("{"), 0644, Overwrite::kReplace).ok());
  ExpectAccount(Good(), "alice");
  std::filesystem::remove(jwks_);
  ExpectAccount(With("sub", "bob"), "bob");
}

TEST(TokenCache, HoldsNoMoreThanItsCapacity) {
  TokenCache cache(2);
  for (const char* name : {"a", "b", "c"}) cache.Put(Sha256(std::string_view(name)), {"t", name, 10}, 1);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_FALSE(cache.Find(Sha256(std::string_view("a")), 0));
  const auto found = cache.Find(Sha256(std::string_view("c")), 9);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->holder.tenant, "t");
  EXPECT_EQ(found->generation, 1U);
  EXPECT_FALSE(cache.Find(Sha256(std::string_view("c")), 10)) << "expired";
}

}  // namespace
}  // namespace labrec::recovery::test
