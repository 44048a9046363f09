#include "recovery/server/tokens/jwt.h"

#include <cstdlib>
#include <memory>
#include <optional>

#include <jwt.h>

#include "absl/status/status.h"

#include "hsm/base/json.h"
#include "recovery/server/tokens/base64url.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

struct FreeJwt {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

absl::Status Refused(const char* reason) {
  return absl::UnauthenticatedError(std::string("token: ") + reason);
}

std::optional<Json> JsonObject(std::string_view base64url) {
  const std::optional<Bytes> bytes = FromBase64Url(base64url);
  if (!bytes) return std::nullopt;
  Json value = ParseJson(AsText(*bytes));
  if (!value.is_object()) return std::nullopt;
  return value;
}

std::string Text(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

jwt_alg_t LibraryAlgorithm(TokenAlgorithm algorithm) {
  return algorithm == TokenAlgorithm::kEs256 ? JWT_ALG_ES256 : JWT_ALG_RS256;
}

}  // namespace

absl::StatusOr<UnverifiedToken> ReadUnverified(std::string_view token) {
  if (token.size() > kLongestToken) return Refused("longer than 4096 bytes");
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Refused("not a JWT of three parts");
  }
  const std::optional<Json> header = JsonObject(token.substr(0, first));
  const std::optional<Json> claims = JsonObject(token.substr(first + 1, second - first - 1));
  if (!header || !claims || !FromBase64Url(token.substr(second + 1))) {
    return Refused("its header, claims or signature cannot be read");
  }
  UnverifiedToken read{TokenAlgorithm::kEs256, Text(*header, "kid"), Text(*claims, "iss")};
  const std::string algorithm = Text(*header, "alg");
  if (algorithm == AlgorithmName(TokenAlgorithm::kRs256)) {
    read.algorithm = TokenAlgorithm::kRs256;
  } else if (algorithm != AlgorithmName(TokenAlgorithm::kEs256)) {
    return Refused("\"alg\" is neither ES256 nor RS256");
  }
  if (header->contains("crit")) return Refused("\"crit\" asks for extensions that nobody here knows");
  if (read.key_id.empty()) return Refused("\"kid\" is missing: it does not say which key signed it");
  if (read.issuer.empty()) return Refused("\"iss\" is missing: it does not say whose token it is");
  return read;
}

absl::StatusOr<std::string> VerifiedClaims(std::string_view token, const TokenKey& key) {
  jwt_t* decoded = nullptr;
  const std::string text(token);
  const int error = jwt_decode(&decoded, text.c_str(), reinterpret_cast<const unsigned char*>(key.pem.data()),
                               static_cast<int>(key.pem.size()));
  const std::unique_ptr<jwt_t, FreeJwt> owner(error == 0 ? decoded : nullptr);
  // The header is read twice, by two parsers: what libjwt understood has to be what the key is for.
  if (!owner || jwt_get_alg(owner.get()) != LibraryAlgorithm(key.algorithm)) {
    return Refused("its signature does not verify");
  }
  const std::unique_ptr<char, FreeText> claims(jwt_get_grants_json(owner.get(), nullptr));
  if (!claims) return Refused("its claims cannot be read");
  return std::string(claims.get());
}

}  // namespace labrec::recovery
