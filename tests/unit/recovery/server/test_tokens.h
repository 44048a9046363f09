#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "hsm/base/hash.h"
#include "hsm/base/openssl_ptr.h"
#include "recovery/server/tokens/base64url.h"
#include "recovery/server/tokens/issuer.h"

// Tokens and keys of every kind, the wrong ones included. For the server's unit tests.
namespace labrec::recovery::test {

using Json = nlohmann::json;

class FixedClock : public Clock {
 public:
  int64_t NowMillis() const override { return now_ms; }
  int64_t now_ms = 1'800'000'000'000;
};

inline std::string SignedPart(const Json& header, const Json& claims) {
  return Base64Url(AsBytes(header.dump())) + "." + Base64Url(AsBytes(claims.dump()));
}

inline std::string Es256(const EcdsaPrivateKey& key, const Json& header, const Json& claims) {
  const std::string part = SignedPart(header, claims);
  return part + "." + Base64Url(key.Sign(AsBytes(part)));
}

inline std::string Hs256(std::string_view secret, const Json& header, const Json& claims) {
  const std::string part = SignedPart(header, claims);
  return part + "." + Base64Url(HmacSha256(AsBytes(secret), AsBytes(part)).view());
}

// An RSA key pair.
class RsaKey {
 public:
  explicit RsaKey(unsigned bits) : key_(EVP_RSA_gen(bits)) {}

  std::string Sign(const Json& header, const Json& claims) const {
    const std::string part = SignedPart(header, claims);
    const MdCtxPtr context(EVP_MD_CTX_new());
    size_t size = 0;
    const auto* const data = reinterpret_cast<const unsigned char*>(part.data());
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context.get(), nullptr, &size, data, part.size());
    Bytes signature(size);
    EVP_DigestSign(context.get(), signature.data(), &size, data, part.size());
    return part + "." + Base64Url(signature);
  }
  Json Jwk(const std::string& kid) const {
    return {{"kty", "RSA"},
            {"kid", kid},
            {"alg", "RS256"},
            {"n", Number(OSSL_PKEY_PARAM_RSA_N)},
            {"e", Number(OSSL_PKEY_PARAM_RSA_E)}};
  }

 private:
  std::string Number(const char* name) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &number);
    const BnPtr owner(number);
    Bytes bytes(static_cast<size_t>(BN_num_bytes(number)));
    BN_bn2bin(number, bytes.data());
    return Base64Url(bytes);
  }
  PkeyPtr key_;
};

// Made once: it takes a while.
inline const RsaKey& SharedRsaKey() {
  static const RsaKey key(2048);
  return key;
}

inline Json EcJwk(const EcdsaPublicKey& key) {
  return Json::parse(TokenKeySet(key))["keys"][0];
}

inline void WriteKeys(const std::filesystem::path& path, const Json& keys) {
  const std::string text = Json{{"keys", keys}}.dump();
  if (!WriteFile(path, AsBytes(text), 0644, Overwrite::kReplace).ok()) std::abort();
}

}  // namespace labrec::recovery::test
