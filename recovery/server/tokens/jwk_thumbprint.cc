#include "recovery/server/tokens/jwk_thumbprint.h"

#include "absl/strings/str_cat.h"

#include "recovery/server/tokens/base64url.h"

namespace labrec::recovery {

Digest JwkThumbprint(const std::map<std::string, std::string>& required_members) {
  std::string json = "{";
  for (const auto& [name, value] : required_members) {
    absl::StrAppend(&json, json.size() > 1 ? "," : "", "\"", name, "\":\"", value, "\"");
  }
  return Sha256(json + "}");
}

Digest JwkThumbprint(const EcdsaPublicKey& key) {
  const P256Point point = key.point();
  return JwkThumbprint(
      {{"crv", "P-256"}, {"kty", "EC"}, {"x", Base64Url(point.x())}, {"y", Base64Url(point.y())}});
}

}  // namespace labrec::recovery
