#include "recovery/server/tokens/issuer.h"

#include "hsm/base/encoding.h"
#include "hsm/base/text/json.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/jwk_thumbprint.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

std::string Part(const Json& value) {
  return Base64Url(AsBytes(JsonText(value)));
}

}  // namespace

std::string TokenKeyId(const EcdsaPublicKey& key) {
  return Hex(key.DeviceId());
}

std::string IssueToken(const EcdsaPrivateKey& key, const TokenContents& contents) {
  const Json header = {{"alg", "ES256"}, {"typ", "JWT"}, {"kid", TokenKeyId(key.public_key())}};
  Json claims = {{"iss", contents.tenant},
                 {"sub", contents.account},
                 {"aud", contents.audience},
                 {"iat", contents.issued_at_s},
                 {"exp", contents.issued_at_s + contents.lifetime_s}};
  if (contents.device_key) {
    claims["cnf"] = {{"jkt", Base64Url(JwkThumbprint(*contents.device_key))}};
  }
  const std::string signed_part = Part(header) + "." + Part(claims);
  return signed_part + "." + Base64Url(key.Sign(AsBytes(signed_part)));
}

std::string TokenKeySet(const EcdsaPublicKey& key) {
  const Json entry = {{"kty", "EC"},
                      {"crv", "P-256"},
                      {"alg", "ES256"},
                      {"use", "sig"},
                      {"kid", TokenKeyId(key)},
                      {"x", Base64Url(key.point().x())},
                      {"y", Base64Url(key.point().y())}};
  return JsonText(Json{{"keys", Json::array({entry})}}, 2) + "\n";
}

}  // namespace labrec::recovery
