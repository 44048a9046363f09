// Bearer tokens, at the realm and at the client, and key sets: the first byte says what the rest is. No token
// verifies under a key that nobody has, no claims name an account that is none, and a realm is sent no other
// token than its own.

#include <cstdlib>

#include "hsm/base/ecdsa.h"
#include "recovery/api/names.h"
#include "recovery/client/tokens/bearer_token.h"
#include "recovery/server/tokens/claims.h"
#include "recovery/server/tokens/jwks.h"
#include "recovery/server/tokens/jwt.h"

namespace {

using namespace labrec;
using namespace labrec::recovery;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Token(std::string_view text) {
  const auto read = ReadUnverified(text);
  if (!read.ok()) return;
  Require(!read->issuer.empty());
  static const auto* const key =
      new TokenKey{"fuzz", TokenAlgorithm::kEs256, EcdsaPrivateKey::Generate().public_key().Pem()};
  Require(!VerifiedClaims(text, *key).ok());
}

void Claims(std::string_view text) {
  const ClaimRules rules{"chat", {"oslo"}, 1'800'000'000'000};
  const auto holder = CheckClaims(text, rules);
  if (holder.ok()) Require(holder->tenant == "chat" && CheckIdentifier("account", holder->account).ok());
}

void KeySet(std::string_view text) {
  // A set of which nothing can be used is empty; JwksFile refuses it.
  (void)Jwks::Parse(text).ok();
}

// What a client takes from a file. A realm is sent none but for itself, and that is one of them.
void ClientsTokens(std::string_view text) {
  const auto tokens = recovery::client::ParseBearerTokens(text);
  if (!tokens.ok()) return;
  Require(!tokens->empty());
  const Bytes realm(16, 'r');
  const auto chosen = recovery::client::TokenFor(realm, *tokens);
  Require(!chosen.ok() || recovery::client::CheckIsFor(*chosen, realm).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      Token(text);
      break;
    case 1:
      Claims(text);
      break;
    case 2:
      KeySet(text);
      break;
    default:
      ClientsTokens(text);
  }
  return 0;
}
