// Bearer tokens and key sets: the first byte says what the rest is. No token verifies under a key that nobody
// has, and no claims name an account that is none.

#include <cstdlib>

#include "hsm/base/ecdsa.h"
#include "recovery/api/names.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0:
      Token(text);
      break;
    case 1:
      Claims(text);
      break;
    default:
      KeySet(text);
  }
  return 0;
}
