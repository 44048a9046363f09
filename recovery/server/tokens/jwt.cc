#include "recovery/server/tokens/jwt.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/text/json.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/rsa_public_key.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

absl::Status Refused(const char* reason) {
  return absl::UnauthenticatedError(std::string("token: ") + reason);
}

// Where a token's three parts are: HEADER.CLAIMS.SIGNATURE. npos: it has not three.
struct Parts {
  size_t first = std::string_view::npos;
  size_t second = std::string_view::npos;

  explicit Parts(std::string_view token) {
    first = token.find('.');
    if (first != std::string::npos) second = token.find('.', first + 1);
    if (second != std::string::npos && token.find('.', second + 1) != std::string::npos)
      second = std::string::npos;
  }
  bool three() const { return second != std::string_view::npos; }
};

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

// Whether a token of this "typ" may be one for us: a JWT of another kind, as a logout token, is not, whoever
// signed it (RFC 8725, section 3.11). Media types have no case, and may leave "application/" out.
bool IsOurType(const Json& header) {
  static constexpr std::string_view kTypes[] = {"jwt", "at+jwt"};
  if (!header.contains("typ")) return true;
  const std::string type = absl::AsciiStrToLower(Text(header, "typ"));
  std::string_view name = type;
  if (name.starts_with("application/")) name.remove_prefix(std::string_view("application/").size());
  return std::ranges::find(kTypes, name) != std::end(kTypes);
}

bool Verifies(const TokenKey& key, ByteView message, ByteView signature) {
  if (key.algorithm == TokenAlgorithm::kRs256) return RsaVerifies(key.pem, message, signature);
  const absl::StatusOr<EcdsaPublicKey> ec = EcdsaPublicKey::FromPem(key.pem);
  return ec.ok() && ec->Verify(message, signature);
}

}  // namespace

absl::StatusOr<UnverifiedToken> ReadUnverified(std::string_view token) {
  const Parts parts(token);
  if (!parts.three()) return Refused("not a JWT of three parts");
  const std::optional<Json> header = JsonObject(token.substr(0, parts.first));
  const std::optional<Json> claims =
      JsonObject(token.substr(parts.first + 1, parts.second - parts.first - 1));
  if (!header || !claims || !FromBase64Url(token.substr(parts.second + 1))) {
    return Refused("its header, claims or signature cannot be read, or have a member twice");
  }
  UnverifiedToken read{TokenAlgorithm::kEs256, Text(*header, "kid"), Text(*claims, "iss")};
  const std::string algorithm = Text(*header, "alg");
  if (algorithm == AlgorithmName(TokenAlgorithm::kRs256)) {
    read.algorithm = TokenAlgorithm::kRs256;
  } else if (algorithm != AlgorithmName(TokenAlgorithm::kEs256)) {
    return Refused("\"alg\" is neither ES256 nor RS256");
  }
  if (!IsOurType(*header)) return Refused("\"typ\" is neither JWT nor at+jwt: it is for something else");
  if (header->contains("crit")) return Refused("\"crit\" asks for extensions that nobody here knows");
  if (read.key_id.empty()) return Refused("\"kid\" is missing: it does not say which key signed it");
  if (read.issuer.empty()) return Refused("\"iss\" is missing: it does not say whose token it is");
  return read;
}

absl::StatusOr<std::string> VerifiedClaims(std::string_view token, const TokenKey& key) {
  const Parts parts(token);
  if (!parts.three()) return Refused("not a JWT of three parts");
  const std::optional<Bytes> signature = FromBase64Url(token.substr(parts.second + 1));
  if (!signature || !Verifies(key, AsBytes(token.substr(0, parts.second)), *signature)) {
    return Refused("its signature does not verify");
  }
  const std::optional<Bytes> claims =
      FromBase64Url(token.substr(parts.first + 1, parts.second - parts.first - 1));
  if (!claims) return Refused("its claims cannot be read");
  return ToString(*claims);
}

}  // namespace labrec::recovery
