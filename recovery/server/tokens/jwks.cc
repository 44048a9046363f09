#include "recovery/server/tokens/jwks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/rsa_public_key.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

// The member as text; empty if it is missing or no text.
std::string MemberText(const Json& key, const char* member) {
  const auto found = key.find(member);
  return found != key.end() && found->is_string() ? found->get<std::string>() : std::string();
}

absl::StatusOr<Bytes> Number(const Json& key, const char* member) {
  std::optional<Bytes> bytes = FromBase64Url(MemberText(key, member));
  if (!bytes || bytes->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", member, "\" is missing or no base64url"));
  }
  return *std::move(bytes);
}

absl::StatusOr<TokenKey> EcKey(const Json& key) {
  LABREC_ASSIGN_OR_RETURN(const Bytes x, Number(key, "x"));
  LABREC_ASSIGN_OR_RETURN(const Bytes y, Number(key, "y"));
  LABREC_ASSIGN_OR_RETURN(const P256Point point, P256Point::FromAffine(x, y));
  return TokenKey{MemberText(key, "kid"), TokenAlgorithm::kEs256, EcdsaPublicKey::FromPoint(point).Pem()};
}

absl::StatusOr<TokenKey> RsaKey(const Json& key) {
  LABREC_ASSIGN_OR_RETURN(const Bytes n, Number(key, "n"));
  LABREC_ASSIGN_OR_RETURN(const Bytes e, Number(key, "e"));
  LABREC_ASSIGN_OR_RETURN(std::string pem, RsaPublicKeyPem(n, e));
  return TokenKey{MemberText(key, "kid"), TokenAlgorithm::kRs256, std::move(pem)};
}

// What the key's owner means it for: RFC 7517, sections 4.2 to 4.4.
absl::Status CheckPurpose(const Json& key, TokenAlgorithm algorithm) {
  if (key.contains("use") && MemberText(key, "use") != "sig") {
    return absl::InvalidArgumentError("\"use\" is not \"sig\": it is not for signatures");
  }
  if (const auto found = key.find("key_ops"); found != key.end()) {
    if (!found->is_array() || std::ranges::find(*found, Json("verify")) == found->end()) {
      return absl::InvalidArgumentError("\"key_ops\" has no \"verify\": it is not for verifying");
    }
  }
  if (key.contains("alg") && MemberText(key, "alg") != AlgorithmName(algorithm)) {
    return absl::InvalidArgumentError(absl::StrCat("\"alg\" is not ", std::string(AlgorithmName(algorithm))));
  }
  return absl::OkStatus();
}

// The key, or why it cannot be used.
absl::StatusOr<TokenKey> OneKey(const Json& key) {
  if (!key.is_object()) return absl::InvalidArgumentError("is no object");
  if (key.contains("d") || key.contains("k")) {
    return absl::InvalidArgumentError(
        "holds a private or symmetric key: publish public keys only, and replace this one, as the file may "
        "have been read");
  }
  const std::string type = MemberText(key, "kty");
  const bool ec = type == "EC" && MemberText(key, "crv") == "P-256";
  if (!ec && type != "RSA") {
    return absl::InvalidArgumentError("is neither for ES256 (EC, P-256) nor for RS256 (RSA)");
  }
  LABREC_RETURN_IF_ERROR(CheckPurpose(key, ec ? TokenAlgorithm::kEs256 : TokenAlgorithm::kRs256));
  LABREC_ASSIGN_OR_RETURN(TokenKey parsed, ec ? EcKey(key) : RsaKey(key));
  if (parsed.key_id.empty()) return absl::InvalidArgumentError("has no \"kid\"");
  return parsed;
}

}  // namespace

std::string_view AlgorithmName(TokenAlgorithm algorithm) {
  return algorithm == TokenAlgorithm::kEs256 ? "ES256" : "RS256";
}

absl::StatusOr<Jwks> Jwks::Parse(std::string_view json) {
  const Json document = ParseJson(json);
  if (document.is_discarded()) return absl::InvalidArgumentError("not valid JSON");
  if (!document.is_object() || !document.contains("keys") || !document["keys"].is_array()) {
    return absl::InvalidArgumentError("no JSON Web Key Set: an object with an array \"keys\" is expected");
  }
  Jwks set;
  size_t index = 0;
  for (const Json& entry : document["keys"]) {
    absl::StatusOr<TokenKey> key = OneKey(entry);
    if (key.ok() && set.Find(key->key_id, key->algorithm) != nullptr) {
      key = absl::InvalidArgumentError("\"kid\" stands on an earlier key too");
    }
    if (key.ok()) {
      set.keys_.push_back(*std::move(key));
    } else {
      set.passed_over_.push_back(absl::StrCat("keys[", index, "]: ", key.status().message()));
    }
    ++index;
  }
  return set;
}

const TokenKey* Jwks::Find(std::string_view key_id, TokenAlgorithm algorithm) const {
  for (const TokenKey& key : keys_) {
    if (key.key_id == key_id && key.algorithm == algorithm) return &key;
  }
  return nullptr;
}

std::vector<std::string> Jwks::ids() const {
  std::vector<std::string> ids;
  for (const TokenKey& key : keys_) ids.push_back(key.key_id);
  return ids;
}

bool Jwks::Has(std::string_view key_id) const {
  return std::ranges::any_of(keys_, [&](const TokenKey& key) { return key.key_id == key_id; });
}

}  // namespace labrec::recovery
